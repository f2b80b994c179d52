import { aria2 } from './drivers/aria2.ts';
import { KIB, MIB } from './support/content.ts';
import { describePairs } from './support/pairs.ts';

describePairs(aria2, { singleBytes: 256 * KIB, folderBytes: 4 * MIB });
