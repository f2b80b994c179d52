// A download between two network namespaces whose line is cut and mended: it finishes by itself. Needs root and Debian's iproute2.

import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test, type TestContext } from 'vitest';
import { isSame, makeShare, transferArguments } from './share.ts';
import { run, start } from './support.ts';

const MIB = 1024 * 1024;
const TIMEOUT_MS = 300_000;

function ip(...args: readonly string[]): void {
  run('ip', ...args);
}

/** Of the test's own context: tests run side by side. */
type Finishing = Pick<TestContext, 'onTestFinished'>;

/** Two namespaces with a line between them; the first is 10.77.0.1, the second 10.77.0.2. Removed with the test. */
function makeLine(name: string, { onTestFinished }: Finishing) {
  const [seed, leecher] = [`starling-${process.pid}-${name}-a`, `starling-${process.pid}-${name}-b`];
  for (const namespace of [seed, leecher]) {
    ip('netns', 'add', namespace);
    onTestFinished(() => ip('netns', 'delete', namespace));
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
  }
  ip('-n', seed, 'link', 'add', 'line', 'type', 'veth', 'peer', 'name', 'line', 'netns', leecher);
  for (const [index, namespace] of [seed, leecher].entries()) {
    ip('-n', namespace, 'address', 'add', `10.77.0.${index + 1}/24`, 'dev', 'line');
    ip('-n', namespace, 'link', 'set', 'line', 'up');
  }
  return { seed, leecher };
}

/** A seed that gives 300 kB a second and a tracker in one namespace, a download in the other that knows the tracker only. */
async function startDownload({ seed, leecher }: ReturnType<typeof makeLine>, { onTestFinished }: Finishing) {
  const begin = (namespace: string, args: readonly string[]) => {
    const running = start(args, {}, { through: ['ip', 'netns', 'exec', namespace], timeoutMs: TIMEOUT_MS });
    onTestFinished(() => {
      running.child.kill('SIGKILL');
    });
    return running;
  };
  const tracker = begin(seed, ['tracker', '--port', '0', '--bind', '10.77.0.1']);
  const [, url] = await tracker.prints(/(http:\/\/\S+)\n/);
  const share = makeShare(4 * MIB, [url as string]);
  const network = (address: string) => ['--bind', address, '--json'];
  const on = (command: 'get' | 'seed') =>
    transferArguments(command, share).filter((word) => word !== '--bind' && word !== '127.0.0.1');
  const seeding = begin(seed, [...on('seed'), ...network('10.77.0.1'), '--upload-limit', '300kB']);
  await seeding.prints(/"event":"completed"/);
  const download = begin(leecher, [...on('get'), ...network('10.77.0.2'), '--exit']);
  await download.prints(/"event":"progress".*?"havePieces":([1-9]\d*)/);
  return { share, download };
}

async function expectFinished({ share, download }: Awaited<ReturnType<typeof startDownload>>): Promise<void> {
  const ended = await download.ended;
  expect(ended).toMatchObject({ code: 0 });
  expect(isSame(share, share.target)).toBe(true);
}

describe('lost network', () => {
  test.concurrent(
    'a download goes on by itself when its interface was down for half a minute',
    async (context) => {
      const line = makeLine('down', context);
      const running = await startDownload(line, context);
      ip('-n', line.leecher, 'link', 'set', 'line', 'down');
      await delay(30_000);
      expect(running.download.child.exitCode).toBe(null);
      ip('-n', line.leecher, 'link', 'set', 'line', 'up');
      await expectFinished(running);
    },
    TIMEOUT_MS,
  );

  test.concurrent(
    'a download goes on by itself when the other end lost its line for longer than a request may take',
    async (context) => {
      const line = makeLine('far', context);
      const running = await startDownload(line, context);
      // Nobody sees it: packets vanish.
      ip('-n', line.seed, 'route', 'add', 'blackhole', '10.77.0.2/32');
      await delay(75_000);
      expect(running.download.child.exitCode).toBe(null);
      ip('-n', line.seed, 'route', 'delete', 'blackhole', '10.77.0.2/32');
      await expectFinished(running);
    },
    TIMEOUT_MS,
  );

  test.concurrent(
    'a download goes on by itself in another network (its address has changed)',
    async (context) => {
      const line = makeLine('moved', context);
      const running = await startDownload(line, context);
      ip('-n', line.leecher, 'address', 'delete', '10.77.0.2/24', 'dev', 'line');
      await delay(10_000);
      ip('-n', line.leecher, 'address', 'add', '10.77.0.2/24', 'dev', 'line');
      await expectFinished(running);
    },
    TIMEOUT_MS,
  );
});
