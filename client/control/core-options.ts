// What the UI tells the downloading process when it starts it.

export interface CoreOptions {
  /** Torrents and resume data are kept here; made where it is missing. */
  readonly stateFolder: string;
  /** Read, and watched; it need not exist. */
  readonly configFile: string;
}
