import { qbittorrent } from './drivers/qbittorrent.ts';
import { KIB } from './support/content.ts';
import { describePairs } from './support/pairs.ts';

describePairs(qbittorrent, { singleBytes: 256 * KIB, folderBytes: 16 * KIB });
