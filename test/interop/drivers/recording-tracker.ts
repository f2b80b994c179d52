// An HTTP tracker that answers every announce with the same peers and keeps what it was told.

import { createServer } from 'node:http';
import type { Endpoint } from '../support/loopback.ts';
import { formatEndpoint } from '../support/loopback.ts';

interface Announce {
  /** Empty for a regular one. */
  readonly event: string;
  readonly port: number;
  readonly uploaded: number;
  readonly downloaded: number;
  readonly left: number;
  readonly key: string | null;
  readonly numwant: string | null;
  /** Numeric address that it came from. */
  readonly host: string;
  /** `performance.now()` at its arrival. */
  readonly atMs: number;
}

export interface RecordingTracker {
  readonly url: string;
  readonly announces: readonly Announce[];
  stop(): Promise<void>;
}

/** `peers`: IPv4 only, told to everybody in the compact form (BEP 23). */
export async function startRecordingTracker(listen: Endpoint, peers: readonly Endpoint[]): Promise<RecordingTracker> {
  const announces: Announce[] = [];
  const compact = Buffer.concat(
    peers.map((peer) => Buffer.from([...peer.host.split('.').map(Number), peer.port >> 8, peer.port & 0xff])),
  );
  const reply = Buffer.concat([Buffer.from(`d8:intervali1800e5:peers${compact.length}:`), compact, Buffer.from('e')]);
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? '/', 'http://tracker').searchParams;
    announces.push({
      event: query.get('event') ?? '',
      port: Number(query.get('port')),
      uploaded: Number(query.get('uploaded')),
      downloaded: Number(query.get('downloaded')),
      left: Number(query.get('left')),
      key: query.get('key'),
      numwant: query.get('numwant'),
      host: request.socket.remoteAddress ?? '',
      atMs: performance.now(),
    });
    response.end(reply);
  });
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.listen(listen.port, listen.host, resolve);
  });
  return {
    url: `http://${formatEndpoint(listen)}/announce`,
    announces,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
