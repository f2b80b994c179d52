// The package `bittorrent-tracker` ships no types. Only its server is used.
declare module 'bittorrent-tracker' {
  import type { EventEmitter } from 'node:events';
  import type { AddressInfo } from 'node:net';

  interface Listening {
    address(): AddressInfo;
  }

  export interface ServerOptions {
    readonly http?: boolean;
    readonly udp?: boolean;
    readonly ws?: boolean;
    readonly stats?: boolean;
    /** Milliseconds between announces that clients are told. */
    readonly interval?: number;
  }

  /** Emits `listening` (all sockets are bound), `error` (fatal), `warning`, and each announce by its event: `start`, `complete`, `update`, `stop`. */
  export class Server extends EventEmitter {
    constructor(options?: ServerOptions);
    readonly http: Listening;
    readonly udp4: Listening;
    readonly udp6: Listening;
    listen(port: number, hosts: { readonly http: string; readonly udp: string; readonly udp6: string }): void;
    close(done?: () => void): void;
  }
}
/** The server alone: the package's main entry brings its client too, with WebRTC and sockets of its own. */
declare module 'bittorrent-tracker/server' {
  export { Server as default } from 'bittorrent-tracker';
}
