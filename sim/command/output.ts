// Where the commands of `starling sim` write, and what their exit codes mean.

/** Whole lines without their end. */
export interface SimOutput {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
/** Ended by Ctrl-C: 128 and the number of the signal. */
export const EXIT_INTERRUPTED = 130;
export const CONSOLE: SimOutput = { out: (line) => console.log(line), err: (line) => console.error(line) };
