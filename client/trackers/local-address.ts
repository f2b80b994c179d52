// Which addresses are of this machine or its own network, where a stranger's URL could press buttons that only its owner may.

import { BlockList, isIPv6 } from 'node:net';

const LOCAL = new BlockList();
LOCAL.addSubnet('0.0.0.0', 8);
LOCAL.addSubnet('10.0.0.0', 8);
LOCAL.addSubnet('100.64.0.0', 10);
LOCAL.addSubnet('127.0.0.0', 8);
LOCAL.addSubnet('169.254.0.0', 16);
LOCAL.addSubnet('172.16.0.0', 12);
LOCAL.addSubnet('192.168.0.0', 16);
LOCAL.addAddress('::', 'ipv6');
LOCAL.addAddress('::1', 'ipv6');
LOCAL.addSubnet('fc00::', 7, 'ipv6');
LOCAL.addSubnet('fe80::', 10, 'ipv6');
/** Every IPv4 address behind a translator (RFC 6052): nobody's tracker is named so. */
LOCAL.addSubnet('64:ff9b::', 96, 'ipv6');

/** Addresses of this machine and of private networks. `address`: numeric; an IPv4 address inside an IPv6 one is judged as IPv4. */
export function isLocalAddress(address: string): boolean {
  return LOCAL.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** Why something else there is not asked. */
export const NO_TRACKER = 'on a local address only …/announce is asked: this is no tracker';

/** Whether a path is how trackers are addressed everywhere, to announce or to scrape (BEP 48 derives the one from the other). `path`: as in a URL, without query. */
export function isTrackerPath(path: string): boolean {
  return /\/(?:announce|scrape)(?:\.php)?$/.test(path);
}
