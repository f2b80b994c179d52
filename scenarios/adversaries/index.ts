// The attacks, A1-A8 and A10 in order, then our own.

import type { Attack } from './attack.ts';
import { eclipse } from './eclipse.ts';
import { freeRiders } from './free-riders.ts';
import { idlers } from './idlers.ts';
import { liars } from './liars.ts';
import { polluters } from './polluters.ts';
import { seedThieves } from './seed-thieves.ts';
import { selfish } from './selfish.ts';
import { slowUploaders } from './slow-uploaders.ts';
import { squatters } from './squatters.ts';
import { withholders } from './withholders.ts';

export const attacks: readonly Attack[] = [
  freeRiders,
  polluters,
  liars,
  eclipse,
  seedThieves,
  idlers,
  withholders,
  slowUploaders,
  selfish,
  squatters,
];
