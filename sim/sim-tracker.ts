// A tracker of the simulated world: remembers who announced, answers with a random few of the others, late or not at all.
//
// It keeps the books that a run is judged by: events in their legal order, totals that never shrink.

import type { AnnounceReply, AnnounceRequest, PeerAddress } from '#engine';
import type { Clock, Random } from '#harness';

export interface TrackerOptions {
  readonly url: string;
  readonly intervalS: number;
  readonly minIntervalS: number | null;
  readonly latencyUs: number;
  /** Announces answered by an error at once, per million. */
  readonly failuresPerMillion: number;
}

export const DEFAULT_TRACKER: TrackerOptions = {
  url: 'http://tracker.example/announce',
  intervalS: 120,
  minIntervalS: 30,
  latencyUs: 50_000,
  failuresPerMillion: 0,
};

/** How long a client waits for a tracker that does not answer. */
const SILENCE_US = 15_000_000;

interface Member {
  readonly node: number;
  readonly address: PeerAddress;
  uploaded: number;
  downloaded: number;
  left: number;
  started: boolean;
  /** Said `started` and was not heard: a `stopped` may follow all the same. */
  maybeStarted: boolean;
  completed: boolean;
  /** Place in the list of the swarm, −1 after `stopped`. */
  place: number;
}

/** One announce as it came in, heard or not. */
export interface AnnounceRecord {
  readonly at: number;
  readonly node: number;
  /** False: no answer, or an error. */
  readonly heard: boolean;
  readonly request: AnnounceRequest;
}

export class SimTracker {
  /** Changed at will by a scenario. */
  options: TrackerOptions;
  /** False: no answer ever comes. */
  alive = true;
  announceCount = 0;
  /** Every announce of the run, in order. */
  readonly records: AnnounceRecord[] = [];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #members = new Map<string, Member>();
  readonly #present: Member[] = [];
  /** Those present with nothing left. */
  #seedCount = 0;

  constructor(options: TrackerOptions, clock: Clock, random: Random) {
    this.options = options;
    this.#clock = clock;
    this.#random = random;
  }

  /** Takes an announce and says what is answered and when. Throws where the books are broken: that is the announcer's bug. */
  announce(node: number, address: PeerAddress, request: AnnounceRequest): { at: number; reply: AnnounceReply } {
    const { now } = this.#clock;
    const fails = this.alive && this.#random.chance(this.options.failuresPerMillion);
    this.records.push({ at: now, node, heard: this.alive && !fails, request });
    if ((!this.alive || fails) && request.event === 'started')
      this.#memberOf(node, address, request).maybeStarted = true;
    if (!this.alive) return { at: now + SILENCE_US, reply: { ok: false, reason: 'no answer' } };
    const at = now + this.options.latencyUs;
    if (fails) return { at, reply: { ok: false, reason: 'internal error' } };
    this.announceCount += 1;
    const member = this.#note(node, address, request);
    const seeds = this.#seedCount;
    return {
      at,
      reply: {
        ok: true,
        intervalS: this.options.intervalS,
        minIntervalS: this.options.minIntervalS,
        peers: request.event === 'stopped' ? [] : this.#someOf(member, request.numwant),
        seeds,
        leechers: this.#present.length - seeds,
        trackerId: null,
        warning: null,
      },
    };
  }

  /** The answer to an announce that was heard got lost: what it said may be said again. */
  replyLost(node: number, { key, event }: AnnounceRequest): void {
    const member = this.#members.get(`${node}:${key}`);
    if (member !== undefined && event === 'completed') member.completed = false;
  }

  #memberOf(node: number, address: PeerAddress, { key }: AnnounceRequest): Member {
    const id = `${node}:${key}`;
    let member = this.#members.get(id);
    if (member === undefined) {
      const counted = { uploaded: 0, downloaded: 0, left: 0, completed: false };
      member = { node, address, ...counted, started: false, maybeStarted: false, place: -1 };
      this.#members.set(id, member);
    }
    return member;
  }

  #note(node: number, address: PeerAddress, request: AnnounceRequest): Member {
    const member = this.#memberOf(node, address, request);
    const { event, uploaded, downloaded, left } = request;
    const where = `node ${node} to ${this.options.url}`;
    if (event === 'started') {
      member.started = true;
      member.completed = left === 0;
    } else if (!member.started && !(event === 'stopped' && member.maybeStarted))
      throw new Error(`${where}: "${event}" before "started"`);
    else if (uploaded < member.uploaded) throw new Error(`${where}: uploaded fell to ${uploaded}`);
    if (event === 'completed') {
      if (member.completed) throw new Error(`${where}: "completed" twice or by a seed`);
      if (left !== 0) throw new Error(`${where}: "completed" with ${left} bytes left`);
      member.completed = true;
    }
    if (isSeed(member)) this.#seedCount -= 1;
    Object.assign(member, { uploaded, downloaded, left });
    if (event === 'stopped') {
      member.started = false;
      member.maybeStarted = false;
      this.#leave(member);
    } else if (member.place < 0) member.place = this.#present.push(member) - 1;
    if (isSeed(member)) this.#seedCount += 1;
    return member;
  }

  #leave(member: Member): void {
    if (member.place < 0) return;
    const last = this.#present.pop() as Member;
    if (last !== member) {
      this.#present[member.place] = last;
      last.place = member.place;
    }
    member.place = -1;
  }

  /** Up to `count` others, each as likely: the first of a shuffle that is stopped early. */
  #someOf(member: Member, count: number): PeerAddress[] {
    const present = this.#present;
    const peers: PeerAddress[] = [];
    for (let drawn = 0; drawn < present.length && peers.length < count; drawn += 1) {
      const other = this.#random.between(drawn, present.length - 1);
      const chosen = present[other] as Member;
      const displaced = present[drawn] as Member;
      present[drawn] = chosen;
      present[other] = displaced;
      chosen.place = drawn;
      displaced.place = other;
      if (chosen.node !== member.node) peers.push(chosen.address);
    }
    return peers;
  }
}

function isSeed({ place, left }: Member): boolean {
  return place >= 0 && left === 0;
}
