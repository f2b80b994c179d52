// The entry of a process of workerd: answers each request, a task, with what came of it. Bundled with all it needs.

import { scenarios } from '#scenarios';
import { type RunTask, runTask } from '../sweep/run-task.ts';

/** What workerd hands over and takes back, as far as it is used: its types are not Node's. */
interface Exchange {
  readonly json: () => Promise<RunTask>;
}
declare const Response: { readonly json: (value: unknown, init?: { readonly status: number }) => unknown };

export default {
  async fetch(request: Exchange): Promise<unknown> {
    try {
      return Response.json(runTask(scenarios, await request.json()));
    } catch (error) {
      return Response.json({ error: (error as Error).stack }, { status: 500 });
    }
  },
};
