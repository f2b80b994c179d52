// A1: the free rider with a large view, after BitThief (Locher et al. 2006) and Sirivianos et al. 2007. It connects to as many peers as it
// can, asks the tracker for more every half minute, takes every optimistic unchoke, seed slot and allowed-fast piece, and never uploads.

import { ScriptedLeecher } from './scripted-leecher.ts';

export class FreeRider extends ScriptedLeecher {}
