// Turns results of the simulator into pages: each one file that needs nothing else, from a disk as from a server.

export { type IndexRow, type PageAssets, renderIndex, renderRun } from './render.ts';
