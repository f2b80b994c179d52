// `starling info`: what a .torrent says, and what its trackers count, for people or as JSON.

import { formatAddress, isMagnet, type Magnet, type Metainfo } from '#engine';
import { readMagnet, readTorrent } from '../read-torrent.ts';
import type { TrackerFigures } from '../trackers/ask-figures.ts';
import { formatBytes, hex } from '../units.ts';
import { jsonLine, printable } from '#harness/untrusted-text';

export interface InfoOptions {
  readonly json?: true;
  /** Ask the trackers how many share it. */
  readonly scrape?: true;
}

/** `path`: of a .torrent file, or a magnet link, which says little of what peers would add. */
export async function info(path: string, options: InfoOptions): Promise<void> {
  if (isMagnet(path)) {
    const magnet = readMagnet(path);
    const figures = options.scrape === true ? await scraped(magnet) : null;
    if (options.json === true) process.stdout.write(jsonLine({ ...magnetAsJson(magnet), ...(figures && { figures }) }));
    else process.stdout.write(magnetAsText(magnet) + (figures ?? []).map(figuresText).join(''));
    return;
  }
  const metainfo = await readTorrent(path);
  const figures = options.scrape === true ? await scraped(metainfo) : null;
  if (options.json === true) process.stdout.write(jsonLine({ ...asJson(metainfo), ...(figures && { figures }) }));
  else process.stdout.write(asText(metainfo) + (figures ?? []).map(figuresText).join(''));
}

async function scraped({ announceTiers, infoHash }: Metainfo | Magnet): Promise<TrackerFigures[]> {
  const { askFigures } = await import('../trackers/ask-figures.ts');
  return askFigures(announceTiers.flat(), infoHash);
}

function figuresText({ url, seeds, leechers, downloads, error }: TrackerFigures): string {
  const said =
    error === null
      ? `seeds ${seeds ?? '?'}, leechers ${leechers ?? '?'}, downloads ${downloads ?? '?'}`
      : printable(error);
  return `${printable(url)}: ${said}\n`;
}

function magnetAsJson({ name, infoHash, announceTiers, peers, selection }: Magnet) {
  return { name, infoHash: hex(infoHash), trackers: announceTiers, peers: peers.map(formatAddress), selection };
}

function magnetAsText({ name, infoHash, announceTiers, peers, selection }: Magnet): string {
  const files = selection?.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
  const rows: [string, string][] = [
    ['name', name === null ? '(not said)' : printable(name)],
    ['info-hash', hex(infoHash)],
    ...announceTiers.map((tier, index): [string, string] => [`tier ${index + 1}`, tier.map(printable).join(' ')]),
    ...peers.map((peer): [string, string] => ['peer', printable(formatAddress(peer))]),
    ['files', files ?? 'all'],
  ];
  return rows.map(([key, value]) => `${key.padEnd(12)}${value}\n`).join('');
}

function shownFiles(metainfo: Metainfo) {
  return metainfo.files.filter((file) => !file.pad);
}

function asJson(metainfo: Metainfo) {
  return {
    name: metainfo.name,
    infoHash: hex(metainfo.infoHash),
    totalBytes: metainfo.geometry.totalBytes,
    pieceLengthBytes: metainfo.geometry.pieceLengthBytes,
    pieceCount: metainfo.geometry.pieceCount,
    private: metainfo.private,
    trackers: metainfo.announceTiers,
    comment: metainfo.comment,
    createdBy: metainfo.createdBy,
    creationDate: metainfo.creationDate,
    files: shownFiles(metainfo).map(({ path, lengthBytes }) => ({ path: path.join('/'), lengthBytes })),
  };
}

function asText(metainfo: Metainfo): string {
  const { geometry, announceTiers, comment, createdBy, creationDate } = metainfo;
  const files = shownFiles(metainfo);
  const date = creationDate === null ? null : new Date(creationDate * 1000);
  const rows: [string, string][] = [
    ['name', printable(metainfo.name)],
    ['info-hash', hex(metainfo.infoHash)],
    ['size', `${formatBytes(geometry.totalBytes)} (${geometry.totalBytes} bytes)`],
    ['pieces', `${geometry.pieceCount} of ${formatBytes(geometry.pieceLengthBytes)}`],
    ['private', metainfo.private ? 'yes' : 'no'],
    ...announceTiers.map((tier, index): [string, string] => [`tier ${index + 1}`, tier.map(printable).join(' ')]),
  ];
  if (comment !== null) rows.push(['comment', printable(comment)]);
  if (createdBy !== null) rows.push(['created by', printable(createdBy)]);
  if (date !== null && !Number.isNaN(date.getTime())) rows.push(['created', date.toISOString()]);
  const head = rows.map(([key, value]) => `${key.padEnd(12)}${value}\n`).join('');
  const list = files.map(
    (file) => `  ${formatBytes(file.lengthBytes).padStart(10)}  ${printable(file.path.join('/'))}\n`,
  );
  return `${head}${files.length} ${files.length === 1 ? 'file' : 'files'}\n${list.join('')}`;
}
