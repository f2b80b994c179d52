// Binds the listen port: the ports wanted, then any port, each with a timeout, or a clear failure.

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { errorCode, Failure, reasonOf } from '../failure.ts';

/** The ports that BitTorrent clients have always used (BEP 3). */
export const DEFAULT_PORTS: readonly number[] = [6881, 6882, 6883, 6884, 6885, 6886, 6887, 6888, 6889];
const BIND_TIMEOUT_MS = 5_000;

export interface ListenOptions {
  /** Tried in order; after them any free port. */
  readonly ports: readonly number[];
  /** Null: every address of the machine. */
  readonly bind: string | null;
  /** The sockets do not read yet. */
  readonly accepted: (socket: Socket) => void;
}

export interface Listening {
  readonly server: Server;
  readonly port: number;
  /** Why the first port that was wanted could not be had, null: it could. */
  readonly refusal: string | null;
}

/** Listens on the first port that is free. Fails with `Failure` when the address cannot be bound at all. */
export async function listen({ ports, bind, accepted }: ListenOptions): Promise<Listening> {
  let failure: unknown = null;
  let refusal: string | null = null;
  for (const port of [...ports, 0]) {
    try {
      const server = await listenOn(port, bind, accepted);
      return { server, port: (server.address() as AddressInfo).port, refusal };
    } catch (error) {
      failure = error;
      refusal ??= reasonOf(error);
      // Another port may be free; another reason, such as a wrong address, stays the same for every port.
      if (errorCode(error) !== 'EADDRINUSE' && errorCode(error) !== 'EACCES') break;
    }
  }
  throw new Failure(`${bind ?? 'any address'}: cannot listen: ${reasonOf(failure)}`);
}

function listenOn(port: number, bind: string | null, accepted: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ pauseOnConnect: true }, accepted);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      server.close();
      reject(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' }));
    }, BIND_TIMEOUT_MS);
    // Later ones are of single connections that could not be accepted.
    server.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    server.once('listening', () => {
      clearTimeout(timer);
      resolve(server);
    });
    server.listen(bind === null ? { port } : { port, host: bind });
  });
}
