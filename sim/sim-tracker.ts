// A tracker of the simulated world: remembers who announced, answers with a random few of the others, late or not at all.
//
// It keeps the books that a run is judged by: events in their legal order, totals that never shrink. One whose URL begins with `udp:` is
// reached by datagrams (`sim-udp-tracker.ts`), which come late and twice: there the order of what was said is judged by the scenario.

import type { AnnounceReply, AnnounceRequest, JobId, PeerAddress, ScrapeReply } from '#engine';
import type { Clock, Random } from '#harness';
import type { LineOptions } from './line.ts';

export interface TrackerOptions {
  readonly url: string;
  /** May lie: 0, negative, huge. */
  readonly intervalS: number;
  readonly minIntervalS: number | null;
  readonly latencyUs: number;
  /** Announces answered by an error at once, per million. */
  readonly failuresPerMillion: number;
  /** How it behaves where its URL begins with `udp:`. */
  readonly udp: UdpOptions;
}

/** What differs from `DEFAULT_TRACKER`. */
export type TrackerSetting = Partial<Omit<TrackerOptions, 'udp'>> & { readonly udp?: Partial<UdpOptions> };

export interface UdpOptions {
  /** Its own line. */
  readonly line: LineOptions;
  readonly families: readonly (4 | 6)[];
  /** Connection ids are refused when they are older; BEP 15 wants two minutes. */
  readonly idLifetimeS: number;
  /** An id that is too old is answered by an error; false: not at all. */
  readonly refusesOldIds: boolean;
  /** Answers that are preceded by one that somebody else made up, with peers that are nobody; per million. */
  readonly forgedPerMillion: number;
}

const DEFAULT_UDP: UdpOptions = {
  line: { upKBps: 10_000, downKBps: 10_000, latencyMs: 50 },
  families: [4],
  idLifetimeS: 120,
  refusesOldIds: true,
  forgedPerMillion: 0,
};

export const DEFAULT_TRACKER: TrackerOptions = {
  url: 'http://tracker.example/announce',
  intervalS: 120,
  minIntervalS: 30,
  latencyUs: 50_000,
  failuresPerMillion: 0,
  udp: DEFAULT_UDP,
};

/** How long a client waits for a tracker that does not answer over HTTP. */
const SILENCE_US = 15_000_000;

interface Member {
  readonly node: number;
  /** As seen, one a family. */
  readonly addresses: PeerAddress[];
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

/** What an engine asked for once, however often it was sent and over however many families. */
export interface Asked {
  readonly job: JobId;
  readonly at: number;
  /** When its engine had last said that the network changed: what failed before says nothing then. */
  readonly networkChangedAt: number;
  /** When the engine was told that the tracker heard it, or that it failed; null: never, or not before it asked anew. */
  answeredAt: number | null;
  failedAt: number | null;
}

/** One announce as it came in, heard or not. */
export interface AnnounceRecord {
  readonly asked: Asked;
  readonly at: number;
  readonly node: number;
  /** False: no answer, or an error. */
  readonly heard: boolean;
  readonly request: AnnounceRequest;
  /** A datagram that came again, by retransmission or on the way. */
  readonly repeated?: boolean;
  /** Over which family it came, by datagram. */
  readonly family?: 4 | 6;
  /** Names the request among all that came by datagram. */
  readonly transaction?: string;
  /** How old the connection id was, in microseconds since it was given. */
  readonly idAgeUs?: number;
}

/** An announce that came in over UDP. */
export interface HeardOver {
  /** Peers of this family alone are named. */
  readonly family: 4 | 6;
}

export class SimTracker {
  /** Changed at will by a scenario. */
  options: TrackerOptions;
  /** False: no answer ever comes. */
  alive = true;
  /** Trackers that tell each other of their peers, as those of one torrent often do. */
  partners: readonly SimTracker[] = [];
  announceCount = 0;
  scrapeCount = 0;
  /** Every announce of the run, in order. */
  readonly records: AnnounceRecord[] = [];
  /** What each node asked for last, by its place in the network. */
  readonly asked: (Asked | undefined)[] = [];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #members = new Map<string, Member>();
  readonly #present: Member[] = [];
  /** Those present with nothing left. */
  #seedCount = 0;
  /** `completed` ever heard. */
  #downloads = 0;

  constructor(options: TrackerOptions, clock: Clock, random: Random) {
    this.options = options;
    this.#clock = clock;
    this.#random = random;
  }

  /** Takes an announce and says what is answered and when. Throws where the books are broken: that is the announcer's bug. */
  announce(node: number, address: PeerAddress, request: AnnounceRequest): { at: number; reply: AnnounceReply } {
    const { now } = this.#clock;
    const fails = this.alive && this.fails();
    this.records.push({ asked: this.asked[node] as Asked, at: now, node, heard: this.alive && !fails, request });
    if ((!this.alive || fails) && request.event === 'started')
      this.#memberOf(node, address, request).maybeStarted = true;
    if (!this.alive) return { at: now + SILENCE_US, reply: { ok: false, reason: 'no answer' } };
    const at = now + this.options.latencyUs;
    if (fails) return { at, reply: { ok: false, reason: 'internal error' } };
    return { at, reply: this.hear(node, address, request, null) };
  }

  /** Whether this request is answered by an error. */
  fails(): boolean {
    return this.#random.chance(this.options.failuresPerMillion);
  }

  /** Notes an announce, and answers. `over`: null where requests come in order, and the books must be right. */
  hear(node: number, address: PeerAddress, request: AnnounceRequest, over: HeardOver | null): AnnounceReply {
    this.announceCount += 1;
    const member = this.#memberOf(node, address, request);
    if (over === null) this.#judge(member, request);
    this.#note(member, request);
    return {
      ok: true,
      intervalS: this.options.intervalS,
      minIntervalS: this.options.minIntervalS,
      peers: request.event === 'stopped' ? [] : this.#named(member, request.numwant, over?.family ?? null),
      seeds: this.#seedCount,
      leechers: this.#present.length - this.#seedCount,
      trackerId: null,
      warning: null,
    };
  }

  /** Its figures of the swarm, the same for whatever torrent. */
  scrape(hashCount: number): { at: number; reply: ScrapeReply } {
    this.scrapeCount += 1;
    const { now } = this.#clock;
    if (!this.alive) return { at: now + SILENCE_US, reply: { ok: false, reason: 'no answer' } };
    const at = now + this.options.latencyUs;
    if (this.fails()) return { at, reply: { ok: false, reason: 'internal error' } };
    const figures = this.figures();
    return { at, reply: { ok: true, figures: Array.from({ length: hashCount }, () => figures), minIntervalS: null } };
  }

  figures(): { readonly seeds: number; readonly leechers: number; readonly downloads: number } {
    return {
      seeds: this.#seedCount,
      leechers: this.#present.length - this.#seedCount,
      downloads: this.#downloads,
    };
  }

  /** The answer to an announce that was heard got lost: what it said may be said again. */
  replyLost(node: number, { key, event }: AnnounceRequest): void {
    const member = this.#members.get(`${node}:${key}`);
    if (member !== undefined && event === 'completed') member.completed = false;
  }

  /** One member a key, whatever families it is seen over (BEP 7). */
  #memberOf(node: number, address: PeerAddress, { key }: AnnounceRequest): Member {
    const id = `${node}:${key}`;
    let member = this.#members.get(id);
    if (member === undefined) {
      const counted = { uploaded: 0, downloaded: 0, left: 0, completed: false };
      member = { node, addresses: [], ...counted, started: false, maybeStarted: false, place: -1 };
      this.#members.set(id, member);
    }
    if (!member.addresses.some(({ host }) => host === address.host)) member.addresses.push(address);
    return member;
  }

  #judge(member: Member, { event, uploaded, left }: AnnounceRequest): void {
    const where = `node ${member.node} to ${this.options.url}`;
    if (event !== 'started') {
      if (!member.started && !(event === 'stopped' && member.maybeStarted))
        throw new Error(`${where}: "${event}" before "started"`);
      if (uploaded < member.uploaded) throw new Error(`${where}: uploaded fell to ${uploaded}`);
    }
    if (event !== 'completed') return;
    if (member.completed) throw new Error(`${where}: "completed" twice or by a seed`);
    if (left !== 0) throw new Error(`${where}: "completed" with ${left} bytes left`);
  }

  #note(member: Member, { event, uploaded, downloaded, left }: AnnounceRequest): void {
    if (event === 'started') {
      member.started = true;
      member.completed = left === 0;
    }
    if (event === 'completed') {
      this.#downloads += 1;
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

  #named({ node }: Member, count: number, family: 4 | 6 | null): PeerAddress[] {
    const peers = this.#someOf(node, count, family);
    for (const partner of this.partners) peers.push(...partner.#someOf(node, count - peers.length, family));
    return peers;
  }

  /** Up to `count` others, each as likely: the first of a shuffle that is stopped early. */
  #someOf(node: number, count: number, family: 4 | 6 | null): PeerAddress[] {
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
      if (chosen.node === node) continue;
      for (const address of chosen.addresses) if (family === null || familyOf(address) === family) peers.push(address);
    }
    return peers;
  }
}

export function familyOf({ host }: PeerAddress): 4 | 6 {
  return host.includes(':') ? 6 : 4;
}

function isSeed({ place, left }: Member): boolean {
  return place >= 0 && left === 0;
}
