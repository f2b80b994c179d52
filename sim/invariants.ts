// What must hold in every run, whatever the scenario: judged from outside the engine, by what the world knows to be true.
//
// A breach throws `Violation` with one line that names the node, the piece and the rule; the run ends there and has failed.

import type { Metainfo, ResumeData, TorrentId } from '#engine';
import type { SimNode } from './sim-node.ts';
import type { Store } from './store.ts';

/** Verified pieces that may wait in memory for the disk, but for the one that is being added. */
const UNWRITTEN_BYTES_MAX = 64 * 1024 * 1024;

/** A rule of the swarm was broken. `claim`: the rule alone, where the message tells more. */
export class Violation extends Error {
  readonly claim: string;

  constructor(message: string, claim = message) {
    super(message);
    this.claim = claim;
  }
}

export function hasBit(bits: Uint8Array, index: number): boolean {
  return ((bits[index >> 3] as number) & (0x80 >> (index & 7))) !== 0;
}

/** A piece may count, and be announced, only after its hash was shown to be right. */
export function checkVerified(node: SimNode, torrent: TorrentId, piece: number): void {
  const store = node.stores[torrent] as Store;
  if (!hasBit(node.proven.get(store) as Uint8Array, piece))
    throw new Violation(`node ${node.index} counts piece ${piece} whose hash did not pass`);
}

/** An honest peer is never banned, unless its disk gave it something wrong to send. `other`: who stood at the other end. */
export function checkBan(node: SimNode, other: SimNode | null): void {
  if (other?.options.honest === true && other.disk.wrongReadCount === 0)
    throw new Violation(`node ${node.index} banned the honest node ${other.index}`);
}

/** Nobody honest breaks the protocol in the eyes of somebody honest, once they have met. */
export function checkFault(node: SimNode, other: SimNode | null): void {
  if (node.options.honest && other?.options.honest === true)
    throw new Violation(`node ${node.index} says that the honest node ${other.index} broke the protocol`);
}

/** Only what the info-hash stands for is taken for the torrent's metadata. */
export function checkMetadata(node: SimNode, { contents }: Store, { infoBytes }: Metainfo): void {
  const right = contents.metainfo.infoBytes;
  if (infoBytes.length !== right.length || infoBytes.some((byte, at) => byte !== right[at]))
    throw new Violation(`node ${node.index} takes something else for the metadata`);
}

/** Saved resume data claims only what was written as the torrent wants it and synced. */
export function checkResume(node: SimNode, store: Store, data: ResumeData): void {
  const { contents } = store;
  const { geometry } = contents;
  for (let piece = 0; piece < geometry.pieceCount; piece += 1)
    if (hasBit(data.flushed, piece) && !store.holds(piece))
      throw new Violation(`node ${node.index} claims piece ${piece}, which holds something else`);
  const claims = new Map(data.partials.map(({ piece, blocks }) => [piece, blocks]));
  const lost = store.findUnsynced((index) => {
    const piece = contents.pieceOf(index);
    const blocks = claims.get(piece);
    return hasBit(data.flushed, piece) || (blocks !== undefined && hasBit(blocks, index - contents.indexOf(piece, 0)));
  });
  if (lost !== -1) {
    const piece = contents.pieceOf(lost);
    const block = lost - contents.indexOf(piece, 0);
    throw new Violation(`node ${node.index} claims piece ${piece}, block ${block} is not durable`);
  }
  for (const [piece, blocks] of claims)
    for (let block = 0; block < geometry.blockCount(piece); block += 1)
      if (hasBit(blocks, block) && store.written(contents.indexOf(piece, block)) === 0)
        throw new Violation(`node ${node.index} claims block ${block} of piece ${piece}, which is not on the disk`);
}

/** What an engine says of itself agrees with the world, and with itself. Throws `EngineBug` or `Violation`. */
export function checkNode(node: SimNode): void {
  const { engine } = node;
  if (engine === null) return;
  engine.checkInvariants();
  const settings = node.options.settings;
  if (node.openConnections > (settings.connectionsMax ?? 500))
    throw new Violation(`node ${node.index} holds ${node.openConnections} connections`);
  node.stores.forEach((store, torrent) => {
    const status = engine.status(torrent);
    if (status === null) return;
    const proven = node.proven.get(store) as Uint8Array;
    const trusted = store.resume?.flushed;
    for (let piece = 0; piece < status.pieceCount; piece += 1) {
      if (!hasBit(status.have, piece) || hasBit(proven, piece)) continue;
      if (trusted !== undefined && hasBit(trusted, piece)) continue;
      throw new Violation(`node ${node.index} has piece ${piece} whose hash did not pass`);
    }
    for (let piece = 0; piece < status.pieceCount; piece += 1)
      if (hasBit(status.flushed, piece) && !(trusted !== undefined && hasBit(trusted, piece)))
        throw new Violation(`node ${node.index} says piece ${piece} is flushed, which its resume data does not claim`);
    const most = UNWRITTEN_BYTES_MAX + store.contents.geometry.pieceLengthBytes;
    // What a check found is not flushed yet, but stands on the disk: looked at one by one only where it could matter.
    if (status.haveBytes - status.flushedBytes > most && unwrittenBytes(store, status.have) > most)
      throw new Violation(`node ${node.index} holds ${unwrittenBytes(store, status.have)} bytes unwritten`);
    if (status.complete && status.haveBytes !== status.wantedBytes)
      throw new Violation(`node ${node.index} says complete with ${status.haveBytes} of ${status.wantedBytes} bytes`);
  });
}

function unwrittenBytes(store: Store, have: Uint8Array): number {
  const { geometry } = store.contents;
  let bytes = 0;
  for (let piece = 0; piece < geometry.pieceCount; piece += 1)
    if (hasBit(have, piece) && !store.holds(piece)) bytes += geometry.pieceLength(piece);
  return bytes;
}

/** Everything that a node says is flushed is on its disk as the torrent wants it. */
export function checkFlushed(node: SimNode): void {
  node.stores.forEach((store, torrent) => {
    const status = node.engine?.status(torrent);
    if (status === null || status === undefined || status.flushedBytes < status.totalBytes) return;
    for (let piece = 0; piece < status.pieceCount; piece += 1)
      if (!store.holds(piece)) throw new Violation(`node ${node.index} says all is flushed, piece ${piece} is not`);
  });
}
