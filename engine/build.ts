// Which engine this is: the build puts a digest of its source here (build.js), so that a journal can say whose inputs it holds.

declare const STARLING_ENGINE_BUILD: string | undefined;

/** 16 hexadecimal digits over the source of the engine and of what its decisions depend on; `source` where it was not built. */
export const ENGINE_BUILD = typeof STARLING_ENGINE_BUILD === 'string' ? STARLING_ENGINE_BUILD : 'source';
