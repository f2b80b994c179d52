// Host and port as people and sockets write them.

import { isIPv6 } from 'node:net';
import { lookup } from 'node:dns/promises';
import type { PeerAddress } from '#engine';

/** A host, still a name perhaps, and a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Splits `HOST:PORT` or `[V6]:PORT`; null when it is neither. Port 1 … 65535. */
export function parseHostPort(text: string): HostPort | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const port = Number(match[3]);
  const host = match[1] ?? (match[2] as string);
  if (port < 1 || port > 65_535 || (match[1] !== undefined && !isIPv6(host))) return null;
  return { host, port };
}

/** The numeric address of a host that may be a name. Throws the system's error. */
export async function resolveHost({ host, port }: HostPort): Promise<PeerAddress> {
  const { address } = await lookup(host);
  return { host: address, port };
}

/** An accepted socket's address as the engine knows it: an IPv4 peer on a dual-stack socket is an IPv4 peer. */
export function plainHost(host: string): string {
  return host.startsWith('::ffff:') && host.includes('.') ? host.slice(7) : host;
}
