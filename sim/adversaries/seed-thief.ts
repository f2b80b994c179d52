// A5: the thief of seed bandwidth. It takes from seeds alone, as much as a slot gives, and begins again when it has everything: what it
// takes of a seed's uplink reaches nobody.

import type { ScriptedConnection } from './scripted-connection.ts';
import { ScriptedLeecher } from './scripted-leecher.ts';
import type { ScriptOptions } from './scripted-peer.ts';

export class SeedThief extends ScriptedLeecher {
  constructor(options: ScriptOptions) {
    super(options);
    this.queueLength = 64;
  }

  protected override mayAskPeer(connection: ScriptedConnection): boolean {
    return connection.seed;
  }

  protected override complete(): void {
    this.startAgain();
  }
}
