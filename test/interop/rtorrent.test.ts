import { rtorrent } from './drivers/rtorrent.ts';
import { KIB, MIB } from './support/content.ts';
import { describePairs } from './support/pairs.ts';

describePairs(rtorrent, { singleBytes: 4 * MIB, folderBytes: 256 * KIB });
