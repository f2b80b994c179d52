import { createHash } from 'node:crypto';
import bencode from 'bencode';
import { expect, test } from 'vitest';
import {
  BENCODE_DEPTH_MAX,
  FILE_COUNT_MAX,
  METAINFO_BYTES_MAX,
  PATH_DEPTH_MAX,
  PIECE_COUNT_MAX,
  PIECE_LENGTH_BYTES_MAX,
  TRACKER_URL_BYTES_MAX,
  TRACKERS_MAX,
} from '../../engine/limits.ts';
import type { Metainfo } from '../../engine/metainfo/metainfo.ts';
import { parseMetainfo } from '../../engine/metainfo/parse.ts';

type Entry = Record<string, unknown>;

const SINGLE: Entry = { length: 50_000, name: 'one', 'piece length': 16_384, pieces: new Uint8Array(80) };

function bytesOf(info: Entry, root: Entry = {}): Uint8Array {
  return bencode.encode({ ...root, info } as never);
}

function withFiles(files: unknown, pieces: number, pieceLength = 16_384): Uint8Array {
  return bytesOf({ files, name: 'many', 'piece length': pieceLength, pieces: new Uint8Array(pieces * 20) });
}

function parsed(bytes: Uint8Array): Metainfo {
  const result = parseMetainfo(bytes);
  if (!result.ok) throw new Error(result.detail);
  return result.value;
}

function errorOf(bytes: Uint8Array): string {
  const result = parseMetainfo(bytes);
  return result.ok ? 'accepted' : result.error;
}

function without(entry: Entry, key: string): Entry {
  return Object.fromEntries(Object.entries(entry).filter(([name]) => name !== key));
}

test('metainfo: a single-file torrent in full (every key)', () => {
  const root = { announce: 'http://t/a', comment: 'hé', 'created by': 'x/1', 'creation date': 1_700_000_000 };
  const metainfo = parsed(bytesOf({ ...SINGLE, private: 1 }, root));
  expect(metainfo).toMatchObject({
    name: 'one',
    multiFile: false,
    files: [{ path: ['one'], lengthBytes: 50_000, pad: false }],
    private: true,
    announceTiers: [['http://t/a']],
    comment: 'hé',
    createdBy: 'x/1',
    creationDate: 1_700_000_000,
  });
  expect(metainfo.geometry.pieceCount).toBe(4);
  expect(metainfo.pieceHashes.length).toBe(80);
});

test('metainfo: keys that may be missing or malformed are absent (comment, dates, private, trackers)', () => {
  const bare = { private: false, announceTiers: [], comment: null, createdBy: null, creationDate: null };
  expect(parsed(bytesOf(SINGLE))).toMatchObject(bare);
  const malformed = { announce: 5, 'announce-list': 'x', comment: 7, 'created by': [], 'creation date': 'today' };
  expect(parsed(bytesOf({ ...SINGLE, private: 'yes' }, malformed))).toMatchObject(bare);
});

test.each([
  ['an integer i-0e', 'd4:infod6:lengthi-0eee', 'notBencode'],
  ['an integer i03e', 'd4:infod6:lengthi03eee', 'notBencode'],
  ['truncated', 'd4:infod6:lengthi3e', 'notBencode'],
  ['a huge string length', 'd4:info99999999999999999:', 'notBencode'],
  ['a negative string length', 'd4:info-1:', 'notBencode'],
  ['nested past the bound', `d4:info${'l'.repeat(BENCODE_DEPTH_MAX)}`, 'notBencode'],
  ['nothing', '', 'notBencode'],
  ['no dictionary', 'i1e', 'noInfo'],
  ['no info', 'de', 'noInfo'],
  ['info is a string', 'd4:info1:xe', 'noInfo'],
])('metainfo: malformed bencode is refused (CONFORMANCE 1: %s)', (_, text, error) => {
  expect(errorOf(Buffer.from(text))).toBe(error);
});

test('metainfo: trailing bytes are refused, and the detail says where (CONFORMANCE 1)', () => {
  const bytes = Buffer.concat([bytesOf(SINGLE), Buffer.from('\n')]);
  expect(parseMetainfo(bytes)).toEqual({
    ok: false,
    error: 'notBencode',
    detail: `bencode: trailingBytes at byte ${bytes.length - 1}`,
  });
});

test('metainfo: integers need more than 32 bits (CONFORMANCE 1: a file of 5 GiB + 1 byte)', () => {
  const lengthBytes = 5 * 2 ** 30 + 1;
  const metainfo = parsed(
    bytesOf({ length: lengthBytes, name: 'big', 'piece length': 2 ** 24, pieces: new Uint8Array(321 * 20) }),
  );
  expect(metainfo.geometry.totalBytes).toBe(lengthBytes);
  expect(metainfo.geometry.pieceLength(320)).toBe(1);
});

test.each([
  ['info', 'd4:infod4:name1:a6:lengthi1eee'],
  ['the file', 'd4:infode1:ai1ee'],
  ['equal keys in info', 'd4:infod6:lengthi1e6:lengthi1eee'],
])('metainfo: unsorted or repeated keys are refused by their own kind (CONFORMANCE 2, 3: %s)', (_, text) => {
  expect(errorOf(Buffer.from(text))).toBe('keyOrder');
});

test('metainfo: a __proto__ key is data (CONFORMANCE 2: in info, where it would lend a length)', () => {
  const text = 'd4:infod9:__proto__d6:lengthi1ee4:name1:a12:piece lengthi1e6:pieces0:ee';
  expect(errorOf(Buffer.from(text))).toBe('files');
});

test('metainfo: the info-hash covers the raw span of info (CONFORMANCE 3: unknown keys kept)', () => {
  const bytes = bytesOf({ ...SINGLE, 'x-unknown': [1, 'two', { three: 3 }] }, { comment: 'before', zz: 'after' });
  const text = Buffer.from(bytes).toString('latin1');
  const span = Buffer.from(text.slice(text.indexOf('4:info') + 6, text.indexOf('2:zz')), 'latin1');
  const metainfo = parsed(bytes);
  expect(Buffer.from(metainfo.infoBytes).equals(span)).toBe(true);
  expect(Buffer.from(metainfo.infoHash).equals(createHash('sha1').update(span).digest())).toBe(true);
});

test('metainfo: exactly one of length or files (CONFORMANCE 4)', () => {
  expect(errorOf(bytesOf(without(SINGLE, 'length')))).toBe('files');
  expect(errorOf(bytesOf({ ...SINGLE, files: [{ length: 50_000, path: ['a'] }] }))).toBe('files');
  expect(errorOf(bytesOf({ ...SINGLE, length: -1 }))).toBe('files');
  expect(errorOf(bytesOf({ ...SINGLE, length: 'x' }))).toBe('files');
  for (const files of [[], 'x', {}, [1], [{ path: ['a'] }], [{ length: -1, path: ['a'] }]]) {
    expect(errorOf(withFiles(files, 0))).toBe('files');
  }
});

test.each([
  [0, 0],
  [1, 1],
  [16_384, 1],
  [16_385, 2],
  [49_152, 3],
])('metainfo: pieces has ceil(size / piece length) hashes (CONFORMANCE 5: %i bytes, %i hashes)', (length, count) => {
  const bytes = (hashBytes: number) => bytesOf({ ...SINGLE, length, pieces: new Uint8Array(hashBytes) });
  expect(parsed(bytes(count * 20)).geometry.pieceCount).toBe(count);
  for (const wrong of [count * 20 + 1, count * 20 - 1, count * 20 + 20, count * 20 - 20]) {
    if (wrong >= 0) expect(errorOf(bytes(wrong))).toBe('pieces');
  }
});

test('metainfo: pieces must be a string (CONFORMANCE 5: missing, integer)', () => {
  expect(errorOf(bytesOf(without(SINGLE, 'pieces')))).toBe('pieces');
  expect(errorOf(bytesOf({ ...SINGLE, pieces: 80 }))).toBe('pieces');
});

test('metainfo: the piece length is positive and bounded (0, 1, the largest, one more)', () => {
  const bytes = (pieceLength: unknown, length: number) =>
    bytesOf({ length, name: 'n', 'piece length': pieceLength, pieces: new Uint8Array(20) });
  expect(['x', -1, 0].map((pieceLength) => errorOf(bytes(pieceLength, 1)))).toEqual(Array(3).fill('pieceLength'));
  expect(errorOf(bytes(1, 1))).toBe('accepted');
  expect(errorOf(bytes(PIECE_LENGTH_BYTES_MAX, PIECE_LENGTH_BYTES_MAX))).toBe('accepted');
  expect(errorOf(bytes(PIECE_LENGTH_BYTES_MAX + 1, 1))).toBe('pieceLength');
});

test('metainfo: the number of pieces is bounded (the largest, one more, and lengths that a sum would lose)', () => {
  const bytes = (length: number, count: number) =>
    bytesOf({ length, name: 'n', 'piece length': 1, pieces: new Uint8Array(count * 20) });
  expect(errorOf(bytes(PIECE_COUNT_MAX, PIECE_COUNT_MAX))).toBe('accepted');
  expect(errorOf(bytes(PIECE_COUNT_MAX + 1, PIECE_COUNT_MAX + 1))).toBe('tooLarge');
  expect(errorOf(bytes(Number.MAX_SAFE_INTEGER, 1))).toBe('tooLarge');
  const huge = { length: Number.MAX_SAFE_INTEGER, path: ['a'] };
  expect(errorOf(withFiles([huge, huge], 1))).toBe('tooLarge');
});

test('metainfo: a file of more than METAINFO_BYTES_MAX is refused unread', () => {
  expect(errorOf(new Uint8Array(METAINFO_BYTES_MAX + 1))).toBe('tooLong');
});

test('metainfo: the number of files is bounded (one too many)', () => {
  const files = 'd6:lengthi0e4:pathl1:aee'.repeat(FILE_COUNT_MAX + 1);
  const text = `d4:infod5:filesl${files}e4:name1:n12:piece lengthi1e6:pieces0:ee`;
  expect(errorOf(Buffer.from(text))).toBe('tooLarge');
});

test('metainfo: path is a non-empty list of strings, bounded in depth (CONFORMANCE 6)', () => {
  const withPath = (path: unknown) => withFiles([{ length: 1, path }], 1);
  for (const path of [[], 'a', 5, [5], ['a', 5], [['a']]]) expect(errorOf(withPath(path))).toBe('files');
  expect(errorOf(withPath(Array(PATH_DEPTH_MAX - 1).fill('a')))).toBe('accepted');
  expect(errorOf(withPath(Array(PATH_DEPTH_MAX).fill('a')))).toBe('files');
  expect(errorOf(withFiles([{ length: 1 }], 1))).toBe('files');
});

test('metainfo: hostile names stay below the torrent’s folder (CONFORMANCE 6)', () => {
  const files = [
    { length: 1, path: ['..', '..', 'etc', 'passwd'] },
    { length: 1, path: ['/etc/passwd'] },
    { length: 1, path: ['C:\\Windows', 'NUL.txt'] },
    { length: 1, path: ['', '.'] },
    { length: 1, path: [Uint8Array.of(0xc0, 0xae, 0xc0, 0xae), Uint8Array.of(0xc0, 0xaf, 0x61)] },
  ];
  const info = { files, name: '../..', 'piece length': 16_384, pieces: new Uint8Array(20) };
  expect(parsed(bytesOf(info)).files.map((file) => file.path)).toEqual([
    ['..___', '__', '__', 'etc', 'passwd'],
    ['..___', '_etc_passwd'],
    ['..___', 'C__Windows', '_NUL.txt'],
    ['..___', '_', '_'],
    ['..___', '\ufffd\ufffd\ufffd\ufffd', '\ufffd\ufffda'],
  ]);
});

test('metainfo: two files never share a path (CONFORMANCE 6: the same, by case, and a file named like a folder)', () => {
  const paths = [['a'], ['a'], ['A'], ['d', 'x'], ['d'], ['D', 'X']];
  const files = paths.map((path) => ({ length: 1, path }));
  expect(parsed(withFiles(files, 1)).files.map((file) => file.path.slice(1).join('/'))).toEqual([
    'a',
    'a (2)',
    'A (3)',
    'd/x',
    'd (5)',
    'D/X (6)',
  ]);
});

test('metainfo: UTF-8 names stand before those in an old encoding, where they are valid', () => {
  const old = Uint8Array.of(0x82, 0xa0);
  const files = [
    { length: 1, path: [old], 'path.utf-8': ['あ'] },
    { length: 1, path: ['plain'], 'path.utf-8': [] },
  ];
  const info = { files, name: old, 'name.utf-8': '名', 'piece length': 16_384, pieces: new Uint8Array(20) };
  const metainfo = parsed(bytesOf(info));
  expect(metainfo.name).toBe('名');
  expect(metainfo.files.map((file) => file.path)).toEqual([
    ['名', 'あ'],
    ['名', 'plain'],
  ]);
});

test('metainfo: a name is needed; an empty one is the info-hash', () => {
  expect(errorOf(bytesOf(without(SINGLE, 'name')))).toBe('name');
  expect(errorOf(bytesOf({ ...SINGLE, name: 5 }))).toBe('name');
  const metainfo = parsed(bytesOf({ ...SINGLE, name: '' }));
  expect(metainfo.name).toBe(Buffer.from(metainfo.infoHash).toString('hex'));
});

test('metainfo: announce-list overrides announce (CONFORMANCE 7: tiers in order, each URL once)', () => {
  const root = {
    announce: 'http://old/announce',
    'announce-list': [['http://a/', 'udp://b:1', 'http://a/'], [], ['udp://b:1'], ['wss://c', 'HTTPS://d/x?y=1']],
  };
  expect(parsed(bytesOf(SINGLE, root)).announceTiers).toEqual([
    ['http://a/', 'udp://b:1'],
    ['wss://c', 'HTTPS://d/x?y=1'],
  ]);
});

test('metainfo: announce counts where announce-list has nothing usable (empty, no list, unknown schemes)', () => {
  for (const list of [[], 'http://x/', [[]], [['dht://x', 'ftp://y']], [[5]]]) {
    const root = { announce: 'ws://t', 'announce-list': list };
    expect(parsed(bytesOf(SINGLE, root)).announceTiers).toEqual([['ws://t']]);
  }
  expect(parsed(bytesOf(SINGLE, { 'announce-list': ['http://x/', 'udp://y:1'] })).announceTiers).toEqual([
    ['http://x/'],
    ['udp://y:1'],
  ]);
});

test('metainfo: only tracker URLs that can be asked are kept (schemes, hosts, control characters, length)', () => {
  const longest = `http://h/${'x'.repeat(TRACKER_URL_BYTES_MAX - 9)}`;
  const good = ['http://h', 'https://h/', 'udp://h:80', 'ws://[::1]:8000/', 'wss://h/a', ' http://trimmed/ ', longest];
  const bad = [
    'file:///etc/passwd',
    'javascript:alert(1)',
    'http://',
    'http:///x',
    'http://h/a b',
    'http://h/\u001b[2J',
    '//h',
  ];
  bad.push('gopher://h/', 'http://h/\u202e', 'http://é/', `${longest}x`, '');
  const root = { 'announce-list': [[...bad, ...good]] };
  expect(parsed(bytesOf(SINGLE, root)).announceTiers).toEqual([good.map((url) => url.trim())]);
});

test('metainfo: the number of trackers is bounded (one too many)', () => {
  const list = Array.from({ length: TRACKERS_MAX + 1 }, (_, index) => [`http://h${index}/`]);
  expect(parsed(bytesOf(SINGLE, { 'announce-list': list })).announceTiers).toEqual(list.slice(0, TRACKERS_MAX));
});

test.each([
  [1, true],
  [0, false],
  [2, false],
])('metainfo: private is the integer 1 in info (CONFORMANCE 8: %i)', (value, expected) => {
  expect(parsed(bytesOf({ ...SINGLE, private: value })).private).toBe(expected);
  expect(parsed(bytesOf(SINGLE, { private: 1 })).private).toBe(false);
});

test('metainfo: pad files are marked, their path is optional (CONFORMANCE 9)', () => {
  const files = [
    { length: 10, path: ['a'] },
    { attr: 'p', length: 16_374 },
    { length: 10, path: ['b'] },
    { attr: 'xp', length: 16_374, path: ['.pad', '16374'] },
    { attr: 'p', length: 0, path: [] },
  ];
  const metainfo = parsed(withFiles(files, 2));
  expect(metainfo.files.map((file) => [file.path.slice(1).join('/'), file.pad])).toEqual([
    ['a', false],
    ['.pad/16374', true],
    ['b', false],
    ['.pad/16374 (4)', true],
    ['.pad/0', true],
  ]);
  expect(metainfo.geometry.totalBytes).toBe(2 * 16_384);
});

test('metainfo: a symbolic link becomes an empty file, unknown attributes mean nothing (CONFORMANCE 10)', () => {
  const files = [
    { attr: 'l', length: 99, path: ['link'], 'symlink path': ['..', '..', 'etc'] },
    { attr: 'l', path: ['other'], 'symlink path': ['a'] },
    { attr: 'xhq?', length: 5, path: ['a'] },
  ];
  expect(parsed(withFiles(files, 1)).files).toEqual([
    { path: ['many', 'link'], lengthBytes: 0, pad: false },
    { path: ['many', 'other'], lengthBytes: 0, pad: false },
    { path: ['many', 'a'], lengthBytes: 5, pad: false },
  ]);
});

test('metainfo: a version 2 torrent is refused by its own kind (CONFORMANCE 11), a hybrid read as version 1', () => {
  const tree = { 'file tree': { one: { '': { length: 1, 'pieces root': new Uint8Array(32) } } }, 'meta version': 2 };
  expect(errorOf(bytesOf({ ...tree, name: 'one', 'piece length': 16_384 }))).toBe('v2Only');
  expect(parsed(bytesOf({ ...SINGLE, ...tree })).files).toEqual([{ path: ['one'], lengthBytes: 50_000, pad: false }]);
});

test('metainfo: nothing but empty files is a torrent without pieces (total size 0)', () => {
  const files = [
    { length: 0, path: ['a'] },
    { length: 0, path: ['b'] },
  ];
  const metainfo = parsed(withFiles(files, 0));
  expect([metainfo.geometry.totalBytes, metainfo.geometry.pieceCount, metainfo.files.length]).toEqual([0, 0, 2]);
});

test('metainfo: the detail names the key and the byte offset (a wrong piece length)', () => {
  const bytes = bytesOf({ ...SINGLE, 'piece length': 0 });
  const offset = Buffer.from(bytes).indexOf('i0e');
  expect(parseMetainfo(bytes)).toMatchObject({ detail: expect.stringContaining(`'piece length' at byte ${offset}`) });
});
