// A tracker's URL as it may be shown to others: private trackers put the user's passkey into the path or the query.

import { binaryBytes, hex } from '../bytes.ts';
import { sha1 } from '../sha1.ts';

/** What everybody's announce URL ends in, and what `publicUrl` itself writes. */
const NO_SECRET = /^(?:\/|\/announce(?:\.php)?|\/~[0-9a-f]{8})?$/;
const HIDDEN_DIGITS = 8;

/** `url` with scheme, host and port as they are; a path or query that may hold a secret becomes `~` and 8 digits of its SHA-1, so that two
 *  URLs stay two. A user name and password are left out. Given twice it changes nothing more. Null: no URL with a host. */
export function publicUrl(url: string): string | null {
  const parts = /^([a-z]+:\/\/)(?:[^/?#]*@)?([^/?#]*)(.*)$/is.exec(url);
  if (parts === null) return null;
  const [, scheme = '', host = '', rest = ''] = parts;
  if (NO_SECRET.test(rest)) return scheme + host + rest;
  return `${scheme}${host}/~${hex(sha1(binaryBytes(rest))).slice(0, HIDDEN_DIGITS)}`;
}
