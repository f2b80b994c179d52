// What a tracker said, for people, without what it knows of the user.

import { printable } from '#harness/untrusted-text';

/** Shorter words of a tracker's URL are no passkeys, and may be words of a sentence (`announce`). */
const SECRET_LENGTH_MIN = 12;

/** A line about a failed announce. `reason`: untrusted. Of the URL only scheme and host are named: the rest may hold the user's passkey, which
 *  is taken out of the reason too: trackers like to repeat it. */
export function trackerText(url: string, reason: string): string {
  const tracker = /^([a-z]+:\/\/)(?:[^/?#]*@)?([^/?#]*)(.*)$/is.exec(url);
  const name = tracker === null ? 'of unreadable URL' : `${tracker[1]}${tracker[2]}`;
  const secrets = (tracker?.[3] ?? '').split(/[^A-Za-z0-9_-]+/).filter((word) => word.length >= SECRET_LENGTH_MIN);
  const said = secrets.reduce((text, secret) => text.replaceAll(secret, '…'), reason);
  return `tracker ${printable(name)}: ${printable(said)}`;
}
