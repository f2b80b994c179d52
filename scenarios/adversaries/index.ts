// The attacks of VALIDATION.md, A1-A8 and A10, in its order.

import type { Attack } from './attack.ts';
import { polluters } from './polluters.ts';
import { seedThieves } from './seed-thieves.ts';
import { selfish } from './selfish.ts';
import { withholders } from './withholders.ts';

export const attacks: readonly Attack[] = [polluters, seedThieves, withholders, selfish];
