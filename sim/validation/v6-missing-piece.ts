// V6: the missing-piece syndrome. A swarm in which nearly all lack the same piece grows or shrinks as fast as one seed and those that it
// frees can give that piece away, whatever else the swarm could carry.

import { Swarm } from '../swarm.ts';
import { exponential, geometric } from './measure.ts';
import { around, type Validation } from './validation.ts';

const PIECES = 8;
const PIECE_KIB = 16;
const PIECE_KB = 16.384;
const CLUB = { full: 500, quick: 300 };
/** Uploads per second. */
const SEED_RATE = 0.5;
const PEER_RATE = 0.25;
/** Mean uploads of a peer between its last piece and its departure, μ/γ. */
const UPLOADS_AFTER = 0.5;
const ARRIVALS_PER_S = [0.25, 2];
/** More than there are: where places are few, a club in which nobody has anything for anybody swaps its connections all the time. */
const CONNECTIONS = 1_000;
/** Of others, that an announce names: dials and handshakes must not fill uplinks of 4 kB/s. */
const ADDRESSES = 6;
const CONNECTED_S = 60;
const SETTLED_S = 120;
const MEASURED_S = { full: 360, quick: 120 };
/** A block whose sending has begun arrives also where its sender leaves: who leaves does so in the middle of its last upload. */
const EARLY = 0.5;

export const missingPiece: Validation = {
  name: 'V6',
  title: 'Missing-piece syndrome: the one-club drifts by dN/dt = λ − U_s/(1 − μ/γ)',
  source:
    'B. Hajek and J. Zhu, "The missing piece syndrome in peer-to-peer communication", IEEE ISIT 2010, Stochastic Systems 2011',
  setup: (size) =>
    `${CLUB[size]} leechers have all of ${PIECES} pieces of one block but piece 0. After ${CONNECTED_S} s a seed of U_s = ${SEED_RATE} pieces/s joins, and empty leechers begin to ` +
    `arrive as a Poisson process of rate λ; an uplink carries μ = ${PEER_RATE} pieces/s, one upload slot and one request at a time; an announce names ${ADDRESSES} others. Uploads take equal, not exponential times here, so who is ` +
    `complete stays for a geometric number of them with mean μ/γ = ${UPLOADS_AFTER}, as the model’s race of uploads against departure has it. Slope of the number of ` +
    `peers over ${MEASURED_S[size]} s, from ${SETTLED_S - CONNECTED_S} s after the seed joined. Re-announce: every 120 s, and after 30 s where a node has fewer than 8 peers.`,
  findings: [
    'A block whose sending has begun arrives also where its sender closes the connection, as do bytes that a kernel holds. A peer that left in ' +
      'the middle of an upload would so give more than the model counts on, and the club shrank several times too fast; departures are timed ' +
      'so that each peer gives as many uploads as were drawn for it.',
    'The model has no messages but pieces, and on uplinks of 4 kB/s they take their part: the word to some 30 peers that one is complete takes ' +
      'most of a second, while peers of the model give at once. Where that word is left out, as a trial, the drifts are −0.70 and 1.10 (seeds 1 and 2).',
    'Found here and mended: a seed dialled first those that had left it with nearly everything, who were gone. After five minutes it had ' +
      'no connection, while 353 peers lacked what it alone had, and gave 0.78 of what it could (λ = 0.25, seed 1); the drift was −0.44. See ' +
      '`test/engine/peer-book.test.ts`.',
  ],

  run: (seed, size) =>
    ARRIVALS_PER_S.flatMap((arrivalsPerS) => {
      const drift = arrivalsPerS - SEED_RATE / (1 - UPLOADS_AFTER);
      const { slope: measured, seedBusy } = drifts(seed, CLUB[size], arrivalsPerS, MEASURED_S[size]);
      const quantity = `λ = ${arrivalsPerS}`;
      return [
        { quantity: `${quantity}: dN/dt`, unit: '1/s', theory: drift, measured, band: around(drift, 25) },
        {
          quantity: `${quantity}: runs whose sign is right`,
          unit: '',
          theory: 1,
          measured: Number(Math.sign(measured) === Math.sign(drift)),
          band: [1, 1] as const,
        },
        {
          quantity: `${quantity}: pieces that the seed gave / U_s`,
          unit: '',
          theory: 1,
          measured: seedBusy,
          band: [0.95, 1] as const,
        },
      ];
    }),
};

/** The slope of the number of peers, and how much of its uplink the seed used for pieces. */
function drifts(
  seed: number,
  club: number,
  arrivalsPerS: number,
  measuredS: number,
): { readonly slope: number; readonly seedBusy: number } {
  const swarm = new Swarm({ seed, contents: { sizeMiB: (PIECES * PIECE_KIB) / 1024, pieceKiB: PIECE_KIB } });
  const line = {
    upKBps: PEER_RATE * PIECE_KB,
    downKBps: 20 * PIECE_KB,
    latencyMs: 10,
    settings: { connectionsPerTorrentMax: CONNECTIONS, numwant: ADDRESSES, uploadSlots: 1, pipelineBlocks: 1 },
  };
  const { contents } = swarm;
  for (let member = 0; member < club; member += 1) {
    const node = swarm.prepare(line);
    const store = node.storeOf(contents);
    for (let piece = 1; piece < PIECES; piece += 1) store.write(piece, contents.stamp(piece));
    store.syncUpTo(store.writeCount);
    node.start(contents);
  }
  const departures = swarm.random.fork('departures');
  swarm.onComplete = (node) =>
    swarm.after(Math.max(0, geometric(departures, UPLOADS_AFTER) - EARLY) / PEER_RATE, () => node.leave());
  swarm.run(CONNECTED_S);
  const source = swarm.addSeed({
    ...line,
    upKBps: SEED_RATE * PIECE_KB,
    settings: { connectionsPerTorrentMax: CONNECTIONS, numwant: 200, uploadSlots: 1 },
  });
  const arrivals = swarm.random.fork('arrivals');
  const endS = SETTLED_S + measuredS;
  for (let atS = CONNECTED_S; atS < endS; atS += exponential(arrivals, 1 / arrivalsPerS))
    swarm.at(atS, () => swarm.addLeecher(line));
  const present = () => swarm.leechers.filter(({ running }) => running).length;
  const given = () => source.status().uploadedBytes / (PIECE_KIB * 1_024);
  swarm.run(SETTLED_S - CONNECTED_S);
  const presentBefore = present();
  const givenBefore = given();
  swarm.run(measuredS);
  swarm.finish();
  return {
    slope: (present() - presentBefore) / measuredS,
    seedBusy: (given() - givenBefore) / (SEED_RATE * measuredS),
  };
}
