// The names of everything that the engine reports as having happened. Each is a log line, a figure and a coverage mark.
// `a` and `b` are numbers whose meaning stands here; 0 where nothing is said.

export const EVENTS = {
  torrentAdded: 'a: pieces',
  torrentRemoved: '',
  checkStarted: 'a: pieces to check',
  checkFinished: 'a: pieces found good, b: pieces checked',
  stateChanged: 'a: 0 = checking, 1 = active, 2 = leaving, 3 = resting, 4 = removed, 5 = asking for metadata',
  downloadCompleted: 'a: bytes',
  torrentFailed: '',
  torrentRecovered: 'the user resumed a torrent that had failed',
  paused: 'a: peers remembered',
  resumed: 'a: peers remembered',
  stopped: 'the whole engine has left',
  networkChanged: 'a: 1 = no connection can have survived',
  resumeDataSaved: 'a: pieces newly claimed',

  peerConnected: 'a: conn, b: 1 = outgoing',
  peerClosed: 'a: conn',
  peerFault: 'a: conn',
  peerBanned: 'a: conn',
  peerIsSeed: 'a: conn',
  seedDisconnected: 'a: conn',
  selfConnection: 'a: conn',
  duplicatePeer: 'a: conn',
  connectionRefused: 'a: conn; a limit was reached',
  dialFailed: 'a: conn',
  peerEvicted: 'a: conn; made room for one more useful',

  requestsSent: 'a: conn, b: how many in one batch',
  blockReceived: 'a: piece, b: block',
  blockDuplicate: 'a: piece, b: block; received and not needed',
  blockUnasked: 'a: conn; a block never requested, or after a choke',
  requestRejected: 'a: conn, b: piece',
  requestTimedOut: 'a: conn, b: piece',
  peerSnubbed: 'a: conn',
  peerUnsnubbed: 'a: conn',
  endGameEntered: 'a: blocks of the batch of requests that left none free',
  endGameLeft: 'a: free blocks',
  endGameCancel: 'a: conn, b: piece',
  pieceStarted: 'a: piece',
  pieceCompleted: 'a: piece; every block is here, the hash is asked for',
  pieceVerified: 'a: piece',
  pieceFailed: 'a: piece, b: contributors',
  pieceFlushed: 'a: piece',
  paroleStarted: 'a: conn',
  parolePassed: 'a: conn, b: piece',
  paroleFailed: 'a: conn, b: piece',
  blameAssigned: 'a: conn, b: piece; block digests differ',

  pieceShown: 'a: conn, b: piece; the next that a super-seed lets the peer know of',
  choked: 'a: conn',
  unchoked: 'a: conn, b: 1 = optimistic',
  slotUnused: 'a: conn; it asks for nothing, and its slot is free for others',
  blockSent: 'a: conn, b: piece',
  uploadRejected: 'a: conn, b: piece',
  backPressure: 'a: conn, b: 1 = reading stopped',
  downloadBufferFull: 'a: bytes',
  rateLimited: 'a limit is used up; the engine wakes when it allows something again',

  metadataRequested: 'a: conn, b: piece of the metadata',
  metadataReceived: 'a: conn, b: piece of the metadata',
  metadataRejected: 'a: conn, b: piece of the metadata; it has none, or gives no more for now',
  metadataTimedOut: 'a: conn, b: pieces of the metadata that it was asked for',
  metadataMalformed: 'a: conn, b: piece of the metadata; of a wrong length, or of another whole',
  metadataFailed: 'a: bytes, b: contributors; a whole copy with another hash',
  metadataVerified: 'a: bytes, b: contributors',
  metadataServed: 'a: conn, b: piece of the metadata',
  metadataRefused: 'a: conn, b: piece of the metadata; there is none, or the peer had enough for now',

  announced: 'a: peers in the reply',
  announceSent: 'a: index of the tracker, b: index of the event in AnnounceEvent',
  announceFailed: 'a: index of the tracker',
  trackerPromoted: 'a: tier',
  trackerSilent: 'a: index of the tracker; no answer in time: others are asked, while it is asked on',
  scrapeSent: 'a: torrents asked about in one request',
  scraped: 'a: index of the tracker',
  scrapeFailed: 'a: index of the tracker',

  diskFailed: 'a: 0 = read, 1 = write, 2 = sync, 3 = resume data',
  diskFull: '',
  diskRecovered: '',
} as const;

export type EventName = keyof typeof EVENTS;

/** What the two numbers of an event say: `a 5: piece, b 2: contributors`; empty where they say nothing. */
export function eventMeaning(name: EventName, a: number, b: number): string {
  return EVENTS[name].replace(/\ba: /, `a ${a}: `).replace(/\bb: /, `b ${b}: `);
}
