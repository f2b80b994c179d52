// Magnet links between Starling and others: whoever begins with the info-hash alone gets the metadata from the other, then the content. The
// metadata takes two pieces.

import { describe, test } from 'vitest';
import { aria2 } from './drivers/aria2.ts';
import { libtorrent } from './drivers/libtorrent.ts';
import { readWithStarling, starling } from './drivers/starling.ts';
import { transmission } from './drivers/transmission.ts';
import { folder, KIB, MIB } from './support/content.ts';
import { DEAD_TRACKER, share, transferDirectly } from './support/transfer.ts';
import { openWorkspace } from './support/workspace.ts';

const TEST_TIMEOUT_MS = 120_000;

describe.each([libtorrent, transmission, aria2])('magnet: $name', (client) => {
  test('magnet: the other gets the metadata and the content from starling', {
    timeout: TEST_TIMEOUT_MS,
  }, async (context) => {
    const work = openWorkspace(context);
    const shared = share(work, folder('magnet ä', 20 * MIB), 16 * KIB, [DEAD_TRACKER]);
    await transferDirectly(work, shared, starling, client, magnetOf(shared.torrentFile));
  });

  test('magnet: starling gets the metadata and the content from the other', {
    timeout: TEST_TIMEOUT_MS,
  }, async (context) => {
    const work = openWorkspace(context);
    const shared = share(work, folder('magnet ä', 20 * MIB), 16 * KIB, [DEAD_TRACKER]);
    await transferDirectly(work, shared, client, starling, magnetOf(shared.torrentFile));
  });
});

function magnetOf(torrentFile: string): string {
  return `magnet:?xt=urn:btih:${readWithStarling(torrentFile).infoHash}&dn=a%20name`;
}
