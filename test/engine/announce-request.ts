// An announce as a tracker's machine is asked for it, with figures beyond 32 bits.

import type { AnnounceRequest } from '#engine';

export function announceRequest(more: Partial<AnnounceRequest> & Pick<AnnounceRequest, 'url'>): AnnounceRequest {
  return {
    torrent: 0,
    infoHash: new Uint8Array(20).fill(0xaa),
    peerId: new Uint8Array(20).fill(0xbb),
    port: 6881,
    uploaded: 2 ** 40 + 3,
    downloaded: 2 ** 32,
    left: 2 ** 33 + 1,
    event: 'started',
    key: 0xdead_beef,
    numwant: 100,
    trackerId: null,
    ...more,
  };
}
