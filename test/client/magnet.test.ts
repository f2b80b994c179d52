// `starling get MAGNET` and `info MAGNET` as users meet them, and what is kept of the metadata.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMetainfo } from '#engine';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MagnetStore } from '../../client/magnet-store.ts';
import { makeShare, type Share, startSeed, transferArguments } from './share.ts';
import { run, start, starling, temporaryFolder } from './support.ts';

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The link to a share, with whatever more. */
function linkTo({ infoHash }: Pick<Share, 'infoHash'>, ...more: readonly string[]): string {
  return ['magnet:?xt=urn:btih:' + hexOf(infoHash), ...more].join('&');
}

function startGet(share: Share, link: string, ...more: readonly string[]) {
  const get = start([...transferArguments('get', { ...share, torrent: link }), '--no-trackers', ...more]);
  onTestFinished(() => {
    get.child.kill('SIGKILL');
  });
  return get;
}

describe('magnet', () => {
  test('get: a magnet link is followed, the metadata kept, and the next start needs no peer for it', async () => {
    const share = makeShare(700_000);
    const { peer } = await startSeed(share);
    const link = linkTo(share, 'dn=a+name', `x.pe=${peer}`);
    const journal = join(share.folder, 'journal');
    const first = await startGet(share, link, '--exit', '--json', '--record', journal).ended;
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/"event":"started","name":"a name".*"totalBytes":null/);
    expect(first.stdout).toMatch(/"event":"metadata","name":"shared.bin".*"totalBytes":700000/);
    run('diff', '-r', share.source, share.target);

    const kept = readFileSync(join(share.folder, 'get-state', `${hexOf(share.infoHash)}.torrent`));
    const [ours, theirs] = [kept, readFileSync(share.torrent)].map((bytes) => parseMetainfo(new Uint8Array(bytes)));
    if (!ours?.ok || !theirs?.ok) throw new Error('not a torrent');
    expect(hexOf(ours.value.infoBytes)).toBe(hexOf(theirs.value.infoBytes));

    const second = await startGet(share, linkTo(share), '--exit', '--json').ended;
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(second.stdout).toMatch(/"event":"started","name":"shared.bin".*"totalBytes":700000/);

    expect(await starling('sim', 'replay', journal, '--json')).toMatchObject({ code: 0 });
  });

  test('get: what is on the disk already is not downloaded again (link alone, nothing kept)', async () => {
    const share = makeShare(300_000);
    const { peer } = await startSeed(share);
    run('cp', '-r', share.source, share.target);
    const ended = await startGet(share, linkTo(share, `x.pe=${peer}`), '--exit', '--json').ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/"event":"completed","bytes":300000,"downloadedBytes":0/);
  });

  test('get: only the files that the link selects (so=, BEP 53), also when the metadata was kept', async () => {
    const folder = temporaryFolder();
    const content = join(folder, 'source', 'share');
    mkdirSync(content, { recursive: true });
    for (const name of ['a', 'b', 'c']) writeFileSync(join(content, name), Buffer.alloc(65_536, name));
    const torrent = join(folder, 'shared.torrent');
    await starling('create', content, '-o', torrent, '--piece-length', '16KiB');
    const { infoHash } = JSON.parse((await starling('info', torrent, '--json')).stdout);
    const share: Share = {
      folder,
      source: join(folder, 'source'),
      torrent,
      infoHash: Buffer.from(infoHash, 'hex'),
      target: join(folder, 'target'),
    };
    const { peer } = await startSeed(share);
    for (const kept of [false, true]) {
      const ended = await startGet(share, linkTo(share, `x.pe=${peer}`, 'so=0,2'), '--exit', '--json').ended;
      expect([kept, ended.code, ended.stderr]).toEqual([kept, 0, '']);
      expect(readdirSync(join(share.target, 'share')).sort()).toEqual(['a', 'c']);
      expect(readFileSync(join(share.target, 'share', 'c')).equals(Buffer.alloc(65_536, 'c'))).toBe(true);
      rmSync(share.target, { recursive: true });
      for (const file of readdirSync(join(folder, 'get-state')))
        if (file.endsWith('.resume')) rmSync(join(folder, 'get-state', file));
    }
  });

  test('get: says what it waits for, and Ctrl-C leaves with 0 (no peer has it)', async () => {
    const share = makeShare(100_000);
    const get = startGet(share, linkTo(share));
    await get.prints(/asking peers what it holds/);
    await get.prints(/metadata: waiting for peers, none is known yet/);
    get.child.kill('SIGINT');
    expect(await get.ended).toMatchObject({ code: 0, stderr: '' });
  });

  test.each([
    ['http://x.example/', 'no such file'],
    ['magnet:?dn=x', 'xt=urn:btih:'],
    [`magnet:?xt=urn:btmh:1220${'0'.repeat(64)}`, 'version 2'],
    ['magnet:?xt=urn:btih:123', 'info-hash'],
    [`magnet:?xt=urn:btih:${'a'.repeat(40)}&so=x`, 'files to take'],
  ])('get: a link that cannot be followed is one line with the reason (%s)', async (link, reason) => {
    const ended = await startGet({ ...makeShare(10) }, link).ended;
    expect(ended.code).toBe(1);
    expect(ended.stderr.trimEnd().split('\n').length).toBe(1);
    expect(ended.stderr).toContain(reason);
  });

  test('seed: a link is refused with the reason', async () => {
    const share = makeShare(10);
    const ended = await starling(...transferArguments('seed', { ...share, torrent: linkTo(share) }));
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('magnet link');
  });

  test('info: shows what a link says, made harmless', async () => {
    const link = linkTo(makeShare(10), 'dn=x%1b[31m', 'tr=udp://t.example:1', 'x.pe=[::1]:2', 'so=1,3-5');
    const json = JSON.parse((await starling('info', link, '--json')).stdout);
    expect(json).toMatchObject({ trackers: [['udp://t.example:1']], peers: ['[::1]:2'] });
    const { stdout, code } = await starling('info', link);
    expect(code).toBe(0);
    expect(stdout).toContain('1,3-5');
    expect(stdout).not.toContain('\x1b');
  });
});

describe('magnet store', () => {
  test('magnet store: what was kept is loaded; what hashes to something else, or is no torrent, counts as missing', async () => {
    const folder = temporaryFolder();
    const store = new MagnetStore(join(folder, 'new'));
    const [one, two] = [makeShare(100), makeShare(200)].map(({ torrent }) => {
      const parsed = parseMetainfo(new Uint8Array(readFileSync(torrent)));
      if (!parsed.ok) throw new Error(parsed.detail);
      return parsed.value;
    });
    if (one === undefined || two === undefined) throw new Error('two torrents');
    expect(await store.load(one.infoHash)).toBeNull();
    await store.keep(one);
    expect(hexOf((await store.load(one.infoHash))?.infoBytes as Uint8Array)).toBe(hexOf(one.infoBytes));
    await store.keep(two);
    writeFileSync(store.path(one.infoHash), readFileSync(store.path(two.infoHash)));
    expect(await store.load(one.infoHash)).toBeNull();
    writeFileSync(store.path(one.infoHash), 'd4:info');
    expect(await store.load(one.infoHash)).toBeNull();
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(new MagnetStore(file).keep(one)).rejects.toThrow();
  });
});
