// Every scenario that there is, in the order in which they run.

import type { Scenario } from '#sim';
import { attacks } from './adversaries/index.ts';
import { churn } from './churn.ts';
import { crowded } from './crowded.ts';
import { crashRestart } from './crash-restart.ts';
import { diskFull } from './disk-full.ts';
import { endGame } from './end-game.ts';
import { flashCrowd } from './flash-crowd.ts';
import { magnet } from './magnet.ts';
import { metadataLiar } from './metadata-liar.ts';
import { parole } from './parole.ts';
import { pauseResume } from './pause-resume.ts';
import { resumeCheck } from './resume-check.ts';
import { rudePeers } from './rude-peers.ts';
import { seedGoodbye } from './seed-goodbye.ts';
import { superSeeding } from './super-seeding.ts';
import { swarm } from './swarm.ts';
import { slowDisk } from './slow-disk.ts';
import { sleep } from './sleep.ts';
import { stall } from './stall.ts';
import { trackerDown } from './tracker-down.ts';
import { trackerTiers } from './tracker-tiers.ts';
import { trackerUdp } from './tracker-udp.ts';
import { wishes } from './wishes.ts';

export const scenarios: readonly Scenario[] = [
  flashCrowd,
  pauseResume,
  endGame,
  parole,
  resumeCheck,
  churn,
  seedGoodbye,
  trackerDown,
  trackerTiers,
  trackerUdp,
  diskFull,
  slowDisk,
  crashRestart,
  crowded,
  stall,
  sleep,
  rudePeers,
  wishes,
  superSeeding,
  magnet,
  metadataLiar,
  swarm,
  ...attacks.map((attack) => attack.scenario),
];

export { type Attack, type Figure } from './adversaries/attack.ts';
export { attacks };
export { type Found, hunt, type PlantedBug, plantedBugs, shrinkFound } from './canaries/index.ts';
