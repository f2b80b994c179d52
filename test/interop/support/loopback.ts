// Hands out loopback endpoints: every client gets an address of its own in 127.0.0.0/8, so that clients which allow one connection an
// address meet as they would in the world, and a port that is free there for TCP and UDP.

import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { type Child, poll } from './processes.ts';

export interface Endpoint {
  /** Numeric IPv4 address. */
  readonly host: string;
  readonly port: number;
}

// Each worker process draws its own /16, so that files which run at the same time do not meet.
const network = `127.${randomInt(2, 255)}.${randomInt(0, 255)}`;
let lastHost = 0;

/** An address that no earlier call of this process was given (254 before they repeat). */
function freshHost(): string {
  lastHost = (lastHost % 254) + 1;
  return `${network}.${lastHost}`;
}

/** A port that was free on `host` a moment ago. */
export function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

export async function freshEndpoint(): Promise<Endpoint> {
  const host = freshHost();
  return { host, port: await freePort(host) };
}

export function formatEndpoint(endpoint: Endpoint): string {
  return `${endpoint.host}:${endpoint.port}`;
}

/** Whether somebody accepts TCP connections at `endpoint`. */
function connects(endpoint: Endpoint): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...endpoint, localAddress: endpoint.host });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Resolves when `child` accepts connections at `endpoint`; rejects when it ends before that. */
export async function waitUntilListening(endpoint: Endpoint, child: Child): Promise<void> {
  await poll(`${child.name} listens on ${formatEndpoint(endpoint)}`, 20_000, async () => {
    if (child.exit !== null) throw child.failure('ended');
    return (await connects(endpoint)) ? true : null;
  });
}
