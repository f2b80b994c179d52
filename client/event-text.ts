// What happened, as a sentence for people. What a sentence leaves out stands in the log's JSON, beside the event's own name.

import { eventMeaning, type EventName } from '#engine';
import { formatBytes } from './units.ts';

const STATES = [
  'checking what is on the disk',
  'running',
  'leaving',
  'resting',
  'removed',
  'asking peers for metadata',
];
const ANNOUNCES = ['again', 'started', 'completed', 'stopped', 'paused'];
const DISK_WORK = ['reading', 'writing', 'syncing', 'saving the resume data'];

function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

/** `a`, `b`: see `EVENTS`. What is not named here is said by its name and its numbers. */
const TEXTS: Readonly<Partial<Record<EventName, (a: number, b: number) => string>>> = {
  torrentAdded: (a) => (a === 0 ? 'added; what it holds is not known yet' : `added: ${count(a, 'piece')}`),
  torrentRemoved: () => 'removed',
  torrentFailed: () => 'stopped by an error',
  torrentRecovered: () => 'goes on after an error',
  stateChanged: (a) => STATES[a] ?? `state ${a}`,
  checkStarted: (a) => `checks ${count(a, 'piece')}`,
  checkFinished: (a, b) => `checked: ${a.toLocaleString('en')} of ${count(b, 'piece')} are good`,
  downloadCompleted: (a) => `complete: ${formatBytes(a)}`,
  paused: (a) => `paused; remembers ${count(a, 'peer')}`,
  resumed: (a) => `runs; knows ${count(a, 'peer')}`,
  stopped: () => 'everything has left in good order',
  networkChanged: (a) => (a === 1 ? 'the network came back: every connection is made anew' : 'the network has changed'),
  resumeDataSaved: (a) => `resume data saved: ${count(a, 'piece')} more`,
  peerConnected: (a, b) => `peer ${a} connected${b === 1 ? ', dialled by us' : ''}`,
  peerClosed: (a) => `peer ${a} is gone`,
  peerFault: (a) => `peer ${a} broke the protocol`,
  peerBanned: (a) => `peer ${a} is banned: it sent bad data`,
  peerIsSeed: (a) => `peer ${a} is a seed`,
  seedDisconnected: (a) => `peer ${a}, a seed, was let go: nothing is left to exchange`,
  selfConnection: (a) => `connection ${a} led to ourselves`,
  duplicatePeer: (a) => `peer ${a} was connected twice`,
  connectionRefused: (a) => `peer ${a} found no room`,
  dialFailed: (a) => `peer ${a} could not be reached`,
  peerEvicted: (a) => `peer ${a} made room for others`,
  peerSnubbed: (a) => `peer ${a} sends nothing`,
  peerUnsnubbed: (a) => `peer ${a} sends again`,
  pieceFailed: (a, b) => `piece ${a} failed its hash, ${count(b, 'contributor')}`,
  paroleStarted: (a) => `peer ${a} is on parole`,
  parolePassed: (a, b) => `peer ${a} is off parole: its piece ${b} is good`,
  paroleFailed: (a, b) => `peer ${a} on parole sent a bad piece ${b}`,
  endGameEntered: () => 'end-game: every block that is left has been asked for',
  endGameLeft: () => 'end-game is over: blocks are free again',
  diskFailed: (a, b) => `the disk failed ${DISK_WORK[a] ?? `in step ${a}`}${a < 2 ? `, piece ${b}` : ''}`,
  diskFull: () => 'the disk is full: waiting for room',
  diskRecovered: () => 'there is room on the disk again',
  metadataVerified: (a, b) => `metadata is here: ${formatBytes(a)} from ${count(b, 'peer')}`,
  metadataFailed: (a, b) => `wrong metadata: ${formatBytes(a)} from ${count(b, 'peer')}`,
  announceSent: (a, b) => `asks tracker ${a + 1} (${ANNOUNCES[b] ?? b})`,
  announced: (a) => `a tracker named ${count(a, 'peer')}`,
  announceFailed: (a) => `tracker ${a + 1} failed`,
  trackerSilent: (a) => `tracker ${a + 1} does not answer: others are asked meanwhile`,
  trackerPromoted: (a) => `a tracker answered and comes first in its tier ${a + 1}`,
  choked: (a) => `peer ${a} is choked`,
  unchoked: (a, b) => `peer ${a} may download${b === 1 ? ', for a try' : ''}`,
};

/** One line. */
export function eventText(name: EventName, a: number, b: number): string {
  const said = TEXTS[name];
  if (said !== undefined) return said(a, b);
  const meaning = eventMeaning(name, a, b);
  return meaning === '' ? name : `${name} (${meaning})`;
}
