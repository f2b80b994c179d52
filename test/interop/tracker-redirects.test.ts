// A tracker on the public internet redirects to this machine and its network: nobody there hears of it. In a network namespace, where a public
// address is ours to use.

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { requireProgram, run } from './support/processes.ts';

const PUBLIC = '198.51.100.1';
const SCRIPT = fileURLToPath(new URL('drivers/redirecting-tracker.ts', import.meta.url));
const ARRANGE = `ip link set lo up && ip address add ${PUBLIC}/32 dev lo && ip address add 192.168.7.7/32 dev lo && exec "$@"`;
const INSIDE = ['127.0.0.1', 'localhost', '2130706433', '0.0.0.0', '[::1]', '[::ffff:127.0.0.1]', '192.168.7.7'];

test('tracker redirects: from outside to inside none is followed, to outside it is (names, numbers, IPv6, mapped)', () => {
  requireProgram('ip', 'iproute2');
  const urls = [PUBLIC, ...INSIDE].map((host) => `http://${host}:PORT/announce`);
  const said = run('unshare', ['--net', 'sh', '-c', ARRANGE, 'sh', process.execPath, SCRIPT, PUBLIC, ...urls]);
  const [outside, ...inside] = JSON.parse(said) as { target: string; said: string; heard: number }[];
  expect(outside).toMatchObject({ said: 'status 200', heard: 1 });
  expect(inside).toEqual(urls.slice(1).map((target) => ({ target, said: 'redirected to a local address', heard: 0 })));
});
