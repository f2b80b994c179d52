// Tracker addresses as they may be sent. They come from .torrent files, so they may hold anything: what is no printable ASCII is
// percent-encoded, so that no line break or foreign letter reaches a request, and what was encoded before is left alone.

/** `url` in printable ASCII, without its fragment. */
export function asciiUrl(url: string): string {
  const fragment = url.indexOf('#');
  const sent = fragment < 0 ? url : url.slice(0, fragment);
  return sent.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}

/** Path and query of `url`, from the first `/` or `?` after the host on; empty where there is neither. Printable ASCII. */
export function pathAndQuery(url: string): string {
  const match = /^[^:/?]+:\/\/[^/?]*(.*)$/.exec(asciiUrl(url));
  return match?.[1] ?? '';
}
