import { libtorrent } from './drivers/libtorrent.ts';
import { KIB, MIB } from './support/content.ts';
import { describePairs } from './support/pairs.ts';

describePairs(libtorrent, { singleBytes: 16 * KIB, folderBytes: MIB });
