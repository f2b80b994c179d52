// The log level of each of the engine's events, by the project's notes: a task that failed is an error, what was recovered from a warning,
// status that matters at run time info, a decision debug, and "I am here" trace.

import type { Level } from 'pino';
import type { EventName } from '#engine';

/** Everything not named is trace: what happens for each block, piece or request. A failed announce is warned of in `trackerFailed`, where
 *  its reason is known. */
const EVENT_LEVELS: Readonly<Partial<Record<EventName, Level>>> = {
  torrentFailed: 'error',
  diskFailed: 'error',
  diskFull: 'error',
  torrentRecovered: 'warn',
  diskRecovered: 'warn',
  pieceFailed: 'warn',
  metadataFailed: 'warn',
  peerBanned: 'warn',
  torrentAdded: 'info',
  torrentRemoved: 'info',
  metadataVerified: 'info',
  checkStarted: 'info',
  checkFinished: 'info',
  downloadCompleted: 'info',
  paused: 'info',
  resumed: 'info',
  stopped: 'info',
  networkChanged: 'info',
  announced: 'debug',
  announceFailed: 'debug',
  announceSent: 'debug',
  trackerPromoted: 'debug',
  trackerSilent: 'debug',
  scrapeSent: 'debug',
  scraped: 'debug',
  scrapeFailed: 'debug',
  stateChanged: 'debug',
  resumeDataSaved: 'debug',
  peerConnected: 'debug',
  peerClosed: 'debug',
  peerFault: 'debug',
  peerIsSeed: 'debug',
  seedDisconnected: 'debug',
  selfConnection: 'debug',
  duplicatePeer: 'debug',
  connectionRefused: 'debug',
  dialFailed: 'debug',
  peerEvicted: 'debug',
  metadataRejected: 'debug',
  metadataTimedOut: 'debug',
  metadataMalformed: 'debug',
  metadataRefused: 'debug',
  peerSnubbed: 'debug',
  peerUnsnubbed: 'debug',
  requestTimedOut: 'debug',
  endGameEntered: 'debug',
  endGameLeft: 'debug',
  paroleStarted: 'debug',
  parolePassed: 'debug',
  paroleFailed: 'debug',
  blameAssigned: 'debug',
  choked: 'debug',
  unchoked: 'debug',
};

export function eventLevel(name: EventName): Level {
  return EVENT_LEVELS[name] ?? 'trace';
}
