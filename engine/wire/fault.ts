// Every way in which a peer can break the protocol.

/** A peer's fault: the connection is closed, and trust adjusted. The world's failures and our own bugs are never of this type. */
export type WireFault =
  | 'protocolName'
  | 'infoHash'
  | 'peerId'
  | 'messageLength'
  | 'messageTooLong'
  | 'bitfieldLength'
  | 'spareBits'
  | 'haveRange'
  | 'requestRange'
  | 'pieceRange'
  | 'pieceUnasked'
  | 'rejectUnasked'
  | 'fastNotEnabled'
  | 'fastRange'
  | 'requestsWhileChoked'
  | 'extensionHandshake';
