// Finds the addresses of a tracker by the system's rules, one a family, but never asks the system while the name servers are silent.
//
// The system's lookup cannot be cancelled: a thread that waits for one can only end with it, ten seconds and more after Ctrl-C. Node's
// own resolver can be, so it tries the name servers first; what it finds is not used, as it knows neither the hosts file nor mDNS.

import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { errorCode } from '../failure.ts';

const PATIENCE = { timeout: 2_000, tries: 2 };

/** `hostname`: as in a URL, an IPv6 address in brackets. `bind`: the local address that must reach it, null = any. At least one address, at
 *  most one a family, in the system's order. Throws the system's error, `EAI_AGAIN` where no name server answers. */
export async function lookupTracker(hostname: string, bind: string | null): Promise<LookupAddress[]> {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 0) {
    // A resolver knows the name servers of the network in which it was made.
    await new Resolver(PATIENCE).resolve4(host).catch((error: unknown) => {
      if (errorCode(error) === 'ETIMEOUT')
        throw Object.assign(new Error('no name server answers'), { code: 'EAI_AGAIN' });
    });
  }
  const found = await lookup(host, { family: bind === null ? 0 : isIPv6(bind) ? 6 : 4, all: true });
  return found.filter(({ family }, index) => found.findIndex((other) => other.family === family) === index);
}
