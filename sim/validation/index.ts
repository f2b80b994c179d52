// All validations, in the order of their numbers.

import { distributionBound } from './v1-distribution-bound.ts';
import { pipelining } from './v2-pipelining.ts';
import { optimalSchedule } from './v3-optimal-schedule.ts';
import { seedBandwidth } from './v4-seed-bandwidth.ts';
import { clustering } from './v5-clustering.ts';
import { missingPiece } from './v6-missing-piece.ts';
import { superSeeding } from './v7-super-seeding.ts';
import { pieceSize } from './v8-piece-size.ts';
import { endGameCost } from './v9-end-game-cost.ts';
import { latencyAndLoss } from './v10-latency-and-loss.ts';
import { steadyState } from './v11-steady-state.ts';
import type { Validation } from './validation.ts';

export { type Outcome, type Size, validate, type Validation } from './validation.ts';

export const validations: readonly Validation[] = [
  distributionBound,
  pipelining,
  optimalSchedule,
  seedBandwidth,
  clustering,
  missingPiece,
  superSeeding,
  pieceSize,
  endGameCost,
  latencyAndLoss,
  steadyState,
];
