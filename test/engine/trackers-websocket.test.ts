// The announce over WebSocket as WebTorrent's trackers speak it: written for real, read from anybody.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isWebSocketUrl,
  OFFER_ID_LENGTH_MAX,
  parseWebSocketMessage,
  SESSION_DESCRIPTION_LENGTH_MAX,
  TRACKER_TEXT_BYTES_MAX,
  WEBSOCKET_MESSAGE_BYTES_MAX,
  webSocketAnnounce,
  webSocketAnswer,
} from '#engine';
import { announceRequest } from './announce-request.ts';

const REQUEST = announceRequest({ url: 'wss://tracker.example/' });
const AA = '\u00aa'.repeat(20);
const BB = '\u00bb'.repeat(20);
const id = fc.uint8Array({ minLength: 20, maxLength: 20 });
const sdp = fc.string({ minLength: 1, maxLength: 200, unit: 'binary' });
const offerId = fc.string({ minLength: 1, maxLength: OFFER_ID_LENGTH_MAX, unit: 'binary-ascii' });

function relayed(kind: 'offer' | 'answer', over: Record<string, unknown> = {}, description: unknown = null): string {
  return JSON.stringify({
    action: 'announce',
    info_hash: AA,
    peer_id: BB,
    offer_id: 'o',
    [kind]: description ?? { type: kind, sdp: 'v=0' },
    ...over,
  });
}

describe('websocket announce', () => {
  test('websocket announce: says the whole truth, bytes as one character each', () => {
    expect(JSON.parse(webSocketAnnounce(REQUEST, [{ offerId: 'one', sdp: 'v=0\r\n' }]))).toEqual({
      action: 'announce',
      info_hash: AA,
      peer_id: BB,
      uploaded: 2 ** 40 + 3,
      downloaded: 2 ** 32,
      left: 2 ** 33 + 1,
      event: 'started',
      numwant: 1,
      offers: [{ offer: { type: 'offer', sdp: 'v=0\r\n' }, offer_id: 'one' }],
    });
    const later = JSON.parse(webSocketAnnounce({ ...REQUEST, event: '', trackerId: 'x' }, [])) as object;
    expect(later).toMatchObject({ trackerid: 'x', numwant: 0, offers: [] });
    expect(later).not.toHaveProperty('event');
  });

  test('websocket announce: an answer that is passed on is read as it was written (any ids, any description)', () => {
    fc.assert(
      fc.property(id, id, id, offerId, sdp, (infoHash, peerId, toPeerId, offer, description) => {
        const text = webSocketAnswer({ infoHash, peerId, toPeerId, offerId: offer, sdp: description });
        const message = { kind: 'answer', infoHash, peerId, offerId: offer, sdp: description };
        expect(parseWebSocketMessage(text)).toEqual(message);
      }),
    );
  });

  test('websocket announce: an offer that is passed on is read as it was written (any ids, any description)', () => {
    fc.assert(
      fc.property(id, id, offerId, sdp, (infoHash, peerId, offer, description) => {
        const written = JSON.parse(
          webSocketAnnounce({ ...REQUEST, infoHash, peerId }, [{ offerId: offer, sdp: description }]),
        ) as { offers: object[] };
        const text = JSON.stringify({ ...written, ...written.offers[0], offers: undefined });
        const message = { kind: 'offer', infoHash, peerId, offerId: offer, sdp: description };
        expect(parseWebSocketMessage(text)).toEqual(message);
      }),
    );
  });

  test('websocket announce: reads a reply', () => {
    const text = JSON.stringify({ action: 'announce', info_hash: AA, interval: 120, complete: 3, incomplete: 4 });
    expect(parseWebSocketMessage(text)).toEqual({
      kind: 'reply',
      infoHash: REQUEST.infoHash,
      reply: {
        ok: true,
        intervalS: 120,
        minIntervalS: null,
        peers: [],
        seeds: 3,
        leechers: 4,
        trackerId: null,
        warning: null,
      },
    });
  });

  test.each([
    [0.001, 30],
    [-5, 120],
    [1e300, 86_400],
    ['60', 120],
    [null, 120],
  ])('websocket announce: an interval is bounded, one that is no number is the default (%s)', (interval, intervalS) => {
    const text = JSON.stringify({ action: 'announce', info_hash: AA, interval });
    expect(parseWebSocketMessage(text)).toMatchObject({ reply: { ok: true, intervalS } });
  });

  test('websocket announce: a failure is one, with or without a torrent, and bounded', () => {
    const reason = 'x'.repeat(5_000);
    expect(parseWebSocketMessage(JSON.stringify({ 'failure reason': reason }))).toEqual({
      kind: 'reply',
      infoHash: null,
      reply: { ok: false, reason: reason.slice(0, TRACKER_TEXT_BYTES_MAX) },
    });
    const named = JSON.stringify({ action: 'announce', info_hash: AA, 'failure reason': 7 });
    expect(parseWebSocketMessage(named)).toMatchObject({
      infoHash: REQUEST.infoHash,
      reply: { ok: false, reason: 'refused without a reason' },
    });
  });

  test.each([
    ['a description of the other type', relayed('offer', {}, { type: 'answer', sdp: 'v=0' })],
    ['a description that is no object', relayed('offer', {}, 'v=0')],
    ['an empty description', relayed('answer', {}, { type: 'answer', sdp: '' })],
    [
      'a description one character too long',
      relayed('offer', {}, { type: 'offer', sdp: 'x'.repeat(SESSION_DESCRIPTION_LENGTH_MAX + 1) }),
    ],
    ['an offer id one character too long', relayed('offer', { offer_id: 'x'.repeat(OFFER_ID_LENGTH_MAX + 1) })],
    ['no offer id', relayed('answer', { offer_id: undefined })],
    ['a peer id of 19 bytes', relayed('offer', { peer_id: BB.slice(1) })],
    ['a peer id beyond bytes', relayed('offer', { peer_id: `${BB.slice(1)}\u0100` })],
    ['no torrent', relayed('offer', { info_hash: 5 })],
    ['another action', relayed('offer', { action: 'scrape' })],
    ['an array', '[]'],
    ['null', 'null'],
    ['a text that is too long', JSON.stringify({ 'failure reason': 'x'.repeat(WEBSOCKET_MESSAGE_BYTES_MAX) })],
    ['deep nesting', '['.repeat(60_000)],
  ])('websocket announce: what says nothing is null (%s)', (_name, text) => {
    expect(parseWebSocketMessage(text)).toBeNull();
  });

  test('websocket announce: the longest that is allowed is read (description, offer id)', () => {
    const longest = relayed(
      'offer',
      { offer_id: 'x'.repeat(OFFER_ID_LENGTH_MAX) },
      { type: 'offer', sdp: 'x'.repeat(SESSION_DESCRIPTION_LENGTH_MAX) },
    );
    expect(parseWebSocketMessage(longest)).toMatchObject({ kind: 'offer' });
  });

  test('websocket announce: no text throws, and all that is read is bounded (any text, any JSON, any fields)', () => {
    const field = fc.oneof(fc.jsonValue(), fc.constant(AA), fc.constant({ type: 'offer', sdp: 'v=0' }));
    const keys = ['action', 'info_hash', 'peer_id', 'offer', 'answer', 'offer_id', 'interval', 'complete', '__proto__'];
    const object = fc.dictionary(fc.constantFrom(...keys, 'failure reason', 'warning message', 'tracker id'), field);
    const likely = object.map((fields) => JSON.stringify({ action: 'announce', info_hash: AA, ...fields }));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), likely), (text) => {
        const message = parseWebSocketMessage(text);
        if (message === null) return;
        if (message.kind === 'reply') {
          const { reply } = message;
          if (reply.ok) expect(reply.intervalS).toBeGreaterThanOrEqual(30);
          else expect(reply.reason.length).toBeLessThanOrEqual(TRACKER_TEXT_BYTES_MAX);
        } else expect(message.peerId).toHaveLength(20);
      }),
      { numRuns: 2_000 },
    );
  });

  test('websocket announce: its URLs are told by their scheme', () => {
    expect(['ws://a', 'WSS://a', 'http://a', 'udp://ws'].map(isWebSocketUrl)).toEqual([true, true, false, false]);
  });
});
