// The results of a sweep as continuous integration reads them: a JUnit file, and annotations of GitHub. Reasons may hold any text, so all is
// escaped.

import type { Outcome } from './outcome.ts';
import { replayOf } from './plan.ts';
import { byScenario } from './summary.ts';

/** GitHub shows no more errors of one step. */
const ANNOTATIONS_MAX = 10;

/** An XML document in JUnit's form: a suite a scenario, a case a seed. A run without an answer is an error, one that failed a failure. */
export function junit(outcomes: readonly Outcome[]): string {
  const suites = [...byScenario(outcomes)].map(([name, list]) => {
    const counts = `tests="${list.length}" failures="${countOf(list, failed)}" errors="${countOf(list, lost)}"`;
    return `  <testsuite name="${xml(name)}" ${counts} time="${timeOf(list)}">\n${list.map(testCase).join('')}  </testsuite>\n`;
  });
  const counts = `tests="${outcomes.length}" failures="${countOf(outcomes, failed)}" errors="${countOf(outcomes, lost)}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="sim sweep" ${counts} time="${timeOf(outcomes)}">\n${suites.join('')}</testsuites>\n`;
}

/** Workflow commands, one a line, at most as many as GitHub shows. */
export function annotations(outcomes: readonly Outcome[]): string[] {
  return outcomes
    .filter(({ ok }) => !ok)
    .slice(0, ANNOTATIONS_MAX)
    .map((outcome) => {
      const title = `${outcome.scenario} seed ${outcome.seed}`;
      return `::error title=${workflowData(title).replaceAll(':', '%3A').replaceAll(',', '%2C')}::${workflowData(`${outcome.reason}\n${replayOf(outcome)}`)}`;
    });
}

function testCase(outcome: Outcome): string {
  const opening = `    <testcase classname="${xml(outcome.scenario)}" name="seed ${outcome.seed}" time="${outcome.wallS}"`;
  if (outcome.ok) return `${opening}/>\n`;
  const kind = lost(outcome) ? 'error' : 'failure';
  return `${opening}>\n      <${kind} message="${xml(outcome.reason ?? '')}">${xml(replayOf(outcome))}</${kind}>\n    </testcase>\n`;
}

function failed(outcome: Outcome): boolean {
  return !outcome.ok && !lost(outcome);
}

function lost(outcome: Outcome): boolean {
  return outcome.digest === null;
}

function countOf(outcomes: readonly Outcome[], counts: (outcome: Outcome) => boolean): number {
  return outcomes.filter(counts).length;
}

function timeOf(outcomes: readonly Outcome[]): string {
  return outcomes.reduce((sum, { wallS }) => sum + wallS, 0).toFixed(3);
}

/** Text for an attribute or an element; what XML 1.0 has no place for is left out (section 2.2). */
function xml(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex
      .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}

/** As GitHub's toolkit escapes the text of a workflow command. */
function workflowData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
