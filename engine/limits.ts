// Every bound on what others can make the engine hold or do. A collection that a peer, a tracker or a file can grow names its bound here.

/** Length of every block but the last of a piece (BEP 3: "all current implementations use 2^14"). */
export const BLOCK_LENGTH_BYTES = 16_384;

export const SHA1_LENGTH_BYTES = 20;

/** Largest .torrent file and largest resume file that is read at all. */
export const METAINFO_BYTES_MAX = 64 * 1024 * 1024;
export const BENCODE_DEPTH_MAX = 64;
/** Largest piece length accepted: what one partial piece may hold in memory. */
export const PIECE_LENGTH_BYTES_MAX = 64 * 1024 * 1024;
export const PIECE_COUNT_MAX = 1 << 21;
export const FILE_COUNT_MAX = 1 << 20;
export const PATH_DEPTH_MAX = 64;
/** Most file systems' bound on one name, in bytes of UTF-8. */
export const PATH_COMPONENT_BYTES_MAX = 255;
export const TRACKERS_MAX = 256;
export const TRACKER_URL_BYTES_MAX = 2048;

/** Longest magnet link that is read, in characters. */
export const MAGNET_LENGTH_MAX = 64 * 1024;
export const MAGNET_PEERS_MAX = 100;
/** Numbers and ranges of a file selection (BEP 53). */
export const SELECTION_RANGES_MAX = 1024;

/** Largest metadata that is asked for (libtorrent's bound; CONFORMANCE 55). */
export const METADATA_BYTES_MAX = 31_457_280;
/** Metadata is cut into pieces of this length, but for the last (BEP 9). */
export const METADATA_PIECE_BYTES = 16_384;
/** Pieces of metadata that one peer is asked for at once. */
export const METADATA_REQUESTS_MAX = 4;
/** Copies of a torrent's metadata that are put together at once: peers that disagree are heard apart. */
export const METADATA_COPIES_MAX = 4;
/** Received metadata that is not verified, over all torrents, above which no more is asked for. */
export const METADATA_BUFFER_BYTES_MAX = 64 * 1024 * 1024;
/** Pieces of metadata that a peer may have at once, and for each second after that. */
export const METADATA_SERVED_BURST = 64;
export const METADATA_SERVED_PER_SECOND = 16;
/** Sizes of metadata that are known to be disputed. */
export const METADATA_DISPUTES_MAX = 64;
/** Pieces that a peer may allow us while choking; more are not remembered. */
export const ALLOWED_FAST_MAX = 32;
/** Pieces of which it is kept who has them before their number is known, 32 KiB a peer. Who speaks of more is let go when it is. */
export const EARLY_PIECES_MAX = 1 << 18;
/** Pieces that a peer may lose before their number is known. */
export const EARLY_LOST_MAX = 64;
/** Pieces found on the disk that peers who were met before are told of one by one; with more they are met anew. */
export const LATE_HAVES_MAX = 4096;

/** Largest wire message of any kind (libtorrent's bound); a larger length closes before a byte of it is buffered. */
export const WIRE_MESSAGE_BYTES_MAX = 1024 * 1024;
/** Requests that we keep for one peer before we reject more (libtorrent: 2,000; BEP 10's reqq default 250 is what we announce). */
export const INCOMING_REQUESTS_MAX = 500;
export const REQQ_DEFAULT = 250;
/** Most requests we ever have outstanding at one peer. */
export const OUTGOING_REQUESTS_MAX = 500;
/** Blocks being read for one peer, or read and not yet on the wire. */
export const UPLOAD_QUEUE_BYTES_MAX = 512 * 1024;
/** Unsent bytes at which we stop reading from a peer that does not read from us. */
export const SEND_BACKLOG_BYTES_MAX = 1024 * 1024;
/** Rejected requests while choked after which a peer is closed (CONFORMANCE 30). */
export const REQUESTS_WHILE_CHOKED_MAX = 300;
export const ALLOWED_FAST_COUNT = 10;
/** Blocks per piece that an allowed-fast peer may fetch while choked (CONFORMANCE 42: bounded use per piece). */
export const ALLOWED_FAST_SERVES_PER_PIECE_MAX = 3;
export const EXTENSION_IDS_MAX = 64;

export const KNOWN_PEERS_MAX = 2_000;
export const PEERS_PER_ANNOUNCE_MAX = 1_000;
export const BANNED_PEERS_MAX = 2_000;
export const TORRENTS_MAX = 100_000;

/** Received but unwritten bytes, over all torrents, above which nothing new is requested. */
export const DOWNLOAD_BUFFER_BYTES_MAX = 40 * 1024 * 1024;
export const TRACKER_TEXT_BYTES_MAX = 1024;
/** Largest tracker reply that is read. */
export const TRACKER_REPLY_BYTES_MAX = 1024 * 1024;
/** Largest message of a WebSocket tracker that is read: a session description as JSON, and room. */
export const WEBSOCKET_MESSAGE_BYTES_MAX = 64 * 1024;
/** Longest session description that is handed on, in characters; a browser's with all its candidates has some 3,000. */
export const SESSION_DESCRIPTION_LENGTH_MAX = 16 * 1024;
/** Longest offer id that is sent back (WebTorrent's have 20 characters). */
export const OFFER_ID_LENGTH_MAX = 64;
/** Torrents that one scrape asks about: what a UDP reply of the usual size answers (BEP 15: "up to about 74"). */
export const SCRAPE_HASHES_MAX = 74;
