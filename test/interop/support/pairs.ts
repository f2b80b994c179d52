// The tests of one client against Starling, the same for each client: both directions, one file and a folder.

import { describe, test } from 'vitest';
import type { ClientDriver } from '../drivers/client.ts';
import { starling } from '../drivers/starling.ts';
import { folder, MIB, singleFile } from './content.ts';
import { DEAD_TRACKER, share, transferDirectly } from './transfer.ts';
import { openWorkspace } from './workspace.ts';

/** Defines four transfers. The piece lengths of all the clients together cover 16 KiB to 4 MiB, each with a file and with a folder. */
export function describePairs(
  client: ClientDriver,
  pieceLengths: { readonly singleBytes: number; readonly folderBytes: number },
): void {
  const layouts = [
    { layout: singleFile('single file.bin', 16 * MIB + 12_345), pieceLengthBytes: pieceLengths.singleBytes },
    { layout: folder('folder ä 日本', 24 * MIB), pieceLengthBytes: pieceLengths.folderBytes },
  ];
  describe.each(layouts)(
    'interop: $layout.name in pieces of $pieceLengthBytes bytes',
    ({ layout, pieceLengthBytes }) => {
      test.concurrent(`${client.name} downloads from starling`, async (context) => {
        const work = openWorkspace(context);
        await transferDirectly(work, share(work, layout, pieceLengthBytes, [DEAD_TRACKER]), starling, client);
      });

      test.concurrent(`starling downloads from ${client.name}`, async (context) => {
        const work = openWorkspace(context);
        await transferDirectly(work, share(work, layout, pieceLengthBytes, [DEAD_TRACKER]), client, starling);
      });
    },
  );
}
