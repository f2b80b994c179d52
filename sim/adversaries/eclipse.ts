// A4: one of those who surround a single victim. They claim everything, take its places, answer nothing, and come back when sent away, so
// that the victim sees no swarm but them.

import type { PeerAddress } from '#engine';
import { FalseSeed } from './false-seed.ts';
import type { ScriptOptions } from './scripted-peer.ts';

export class Eclipse extends FalseSeed {
  readonly #victimHost: string;

  constructor(options: ScriptOptions & { readonly victim: PeerAddress }) {
    super(options);
    this.#victimHost = options.victim.host;
  }

  protected override wantsToDial(address: PeerAddress): boolean {
    return address.host === this.#victimHost;
  }
}
