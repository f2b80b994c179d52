// Writes a page around its data. What the data says is never markup: it stands in a block of JSON that the page's script reads and shows as
// text, and the content security policy allows no script or style but the two whose hashes it names, and no request to anywhere.

import type { RunRecord } from '#sim';

/** Script and style of one kind of page, and `sha256-…` of each as the content security policy names it. */
interface PageAsset {
  readonly script: string;
  readonly scriptHash: string;
  readonly style: string;
  readonly styleHash: string;
}

/** What the build made of `reports/page`. */
export interface PageAssets {
  readonly run: PageAsset;
  readonly index: PageAsset;
}

/** One run of many. */
export interface IndexRow {
  readonly scenario: string;
  readonly seed: number;
  readonly ok: boolean;
  /** One line that says what did not hold; null where all did. */
  readonly reason: string | null;
  /** The law that was broken, without figures: the same for failures of one kind. */
  readonly claim: string | null;
  /** Null where a run gave no answer. */
  readonly digest: string | null;
  readonly virtualS: number;
  readonly wallS: number;
  readonly replayCommand: string;
  /** The run's own page, as a path relative to the index; null where there is none. */
  readonly href: string | null;
}

/** What stands in the page of many runs. */
export interface IndexData {
  readonly title: string;
  /** Which program ran. */
  readonly commit: string;
  readonly rows: readonly IndexRow[];
}

/** One run as a page. */
export function renderRun(record: RunRecord, { run }: PageAssets): string {
  const { scenario, seed } = record.result;
  return page(`${scenario}, seed ${seed}`, run, record);
}

/** Many runs as a page, those that failed first. */
export function renderIndex(data: IndexData, { index }: PageAssets): string {
  return page(data.title, index, data);
}

function page(title: string, { script, scriptHash, style, styleHash }: PageAsset, data: unknown): string {
  const policy = `default-src 'none'; script-src '${scriptHash}'; style-src '${styleHash}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)} · Starling</title>
<style>${style}</style>
</head>
<body>
<main id="page"><noscript>This page draws itself with its own script, which is switched off.</noscript></main>
<script type="application/json" id="data">${json(data)}</script>
<script>${script}</script>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** JSON that cannot end the element that it stands in. */
function json(data: unknown): string {
  return JSON.stringify(data).replace(/</g, '\\u003c');
}
