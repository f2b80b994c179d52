// The planted bugs, by the part of the engine that they are in.

import { contractBugs } from './contract-bugs.ts';
import { engineBugs } from './engine-bugs.ts';
import type { PlantedBug } from './planted-bug.ts';

export const plantedBugs: readonly PlantedBug[] = [...contractBugs, ...engineBugs].sort((a, b) =>
  a.area < b.area ? -1 : a.area > b.area ? 1 : 0,
);
export { type Found, hunt, shrinkFound } from './hunt.ts';
export type { PlantedBug } from './planted-bug.ts';
