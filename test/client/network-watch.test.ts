// What the watch over the network makes of what it sees.

import { describe, expect, test } from 'vitest';
import { NetworkWatch } from '../../client/net/network-watch.ts';

function fail(): never {
  throw new Error('not said');
}

function watch(...addresses: string[]) {
  const world = { addresses: new Set(addresses), wallMs: 1_000, workMs: 0 };
  const seen: string[] = [];
  let forbidden = false;
  const networkWatch = new NetworkWatch(
    {
      addressesLost: (lost) => seen.push(`lost ${[...lost].join()}`),
      addressesFound: () => seen.push('found'),
      slept: () => seen.push('slept'),
    },
    { addresses: () => (forbidden ? fail() : world.addresses), wallMs: () => world.wallMs, workMs: () => world.workMs },
  );
  return {
    look: (...now: string[]) => {
      world.addresses = new Set(now);
      world.wallMs += 3_000;
      world.workMs += 3_000;
      networkWatch.look();
      return seen.splice(0);
    },
    forbid: (on: boolean) => {
      forbidden = on;
    },
    sleep: (ms: number) => {
      world.wallMs += ms;
    },
  };
}

describe('network watch', () => {
  test('an address that is gone at two looks is lost; one that is back at the second was only touched', () => {
    const { look } = watch('10.0.0.1');
    expect(look()).toEqual([]);
    expect(look('10.0.0.1')).toEqual(['found']);
    expect(look()).toEqual([]);
    expect(look()).toEqual(['lost 10.0.0.1']);
    expect(look()).toEqual([]);
    expect(look('10.0.0.1')).toEqual(['found']);
  });

  test('another network: the old address is lost, the new one found', () => {
    const { look } = watch('10.0.0.1', '172.17.0.1');
    expect(look('192.168.0.7', '172.17.0.1')).toEqual(['found']);
    expect(look('192.168.0.7', '172.17.0.1')).toEqual(['lost 10.0.0.1']);
    expect(look('192.168.0.7', '172.17.0.1')).toEqual([]);
  });

  test('a system that does not say is as it was, from the start on or later (no file is free; a phone that forbids it)', () => {
    const { look, forbid } = watch('10.0.0.1');
    forbid(true);
    expect(look()).toEqual([]);
    expect(look()).toEqual([]);
    forbid(false);
    expect(look('10.0.0.1')).toEqual([]);
    const forbidden = { addresses: fail, wallMs: () => 0, workMs: () => 0 };
    const events = { addressesLost: fail, addressesFound: fail, slept: fail };
    new NetworkWatch(events, forbidden).look();
  });

  test('sleep is seen where the clock of work did not count it; a clock set by seconds is no sleep', () => {
    const { look, sleep } = watch('10.0.0.1');
    sleep(20_000);
    expect(look('10.0.0.1')).toEqual([]);
    sleep(3_600_000);
    expect(look('10.0.0.1')).toEqual(['slept']);
    expect(look('10.0.0.1')).toEqual([]);
    sleep(-3_600_000);
    expect(look('10.0.0.1')).toEqual([]);
  });
});
