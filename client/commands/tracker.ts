// `starling tracker`: the package bittorrent-tracker's server, for a private swarm.

import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import Server from 'bittorrent-tracker/server';
import { formatAddress } from '#engine';
import { Failure, reasonOf } from '../failure.ts';
import { printable } from '#harness/untrusted-text';

export async function tracker({ port, bind }: { readonly port: number; readonly bind: string }): Promise<void> {
  const server = new Server({ http: true, udp: true, ws: true, stats: true });
  server.on('warning', (error: Error) => process.stderr.write(`starling: ${printable(error.message)}\n`));
  const failed = once(server, 'error').then(([error]) => {
    throw new Failure(`${formatAddress({ host: bind, port })}: cannot listen: ${reasonOf(error)}`);
  });
  const six = isIPv6(bind);
  server.listen(port, { http: bind, udp: six ? '127.0.0.1' : bind, udp6: six ? bind : '::1' });
  await Promise.race([once(server, 'listening'), failed]);
  failed.catch((error: Error) => {
    process.stderr.write(`starling: ${error.message}\n`);
    process.exit(1);
  });
  const http = formatAddress({ host: bind, port: server.http.address().port });
  const udp = formatAddress({ host: bind, port: (six ? server.udp6 : server.udp4).address().port });
  process.stdout.write(`http://${http}/announce\nudp://${udp}/announce\nws://${http}/announce\n`);
  const leave = () => process.exit(0);
  process.once('SIGINT', leave);
  process.once('SIGTERM', leave);
}
