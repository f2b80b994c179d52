// How a STUN or TURN server is written, on the command line and in the configuration.

/** `stun:HOST:PORT` or `turn:USER:PASSWORD@HOST:PORT` (also `turns:`), as the WebRTC library reads it. */
export function isIceServer(text: string): boolean {
  return /^(stun|turns?):[^\s/]+$/.test(text);
}
