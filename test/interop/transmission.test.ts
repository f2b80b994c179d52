import { transmission } from './drivers/transmission.ts';
import { KIB, MIB } from './support/content.ts';
import { describePairs } from './support/pairs.ts';

describePairs(transmission, { singleBytes: MIB, folderBytes: 16 * KIB });
