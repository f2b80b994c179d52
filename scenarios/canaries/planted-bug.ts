// Engines with one bug each, to see that it is found. The engine carries no switch for any: a bug is planted from outside, at the contract
// (an input or an output is changed on its way) or in a class of the engine (a method is another for as long as a run takes).

import type { Engine, Metainfo, Sink } from '#engine';
import type { Scenario } from '#sim';

export interface PlantedBug {
  readonly name: string;
  /** The part of the engine whose bug it is. */
  readonly area: string;
  /** What differs from the real engine; `metainfo` is known once a torrent was added. */
  readonly inputs?: (engine: Engine, metainfo: () => Metainfo) => Partial<Engine>;
  readonly outputs?: (sink: Sink) => Partial<Sink>;
  readonly patches?: readonly Patch[];
}

/** One method or getter of a class, and what stands in its place. */
export interface Patch {
  readonly prototype: object;
  readonly key: PropertyKey;
  readonly replaced: PropertyDescriptor;
}

/** Another method in the place of `key`; `make` is given the real one. */
export function method<T extends object, K extends keyof T>(
  prototype: T,
  key: K,
  make: (original: T[K]) => T[K] & ThisType<T>,
): Patch {
  return { prototype, key, replaced: { value: make(prototype[key]), configurable: true, writable: true } };
}

/** Runs with the patches of a bug in place; whatever happens, they are gone afterwards. */
export function patched<T>(bug: PlantedBug, run: () => T): T {
  const patches = bug.patches ?? [];
  const originals = patches.map(({ prototype, key }) => Object.getOwnPropertyDescriptor(prototype, key));
  try {
    for (const { prototype, key, replaced } of patches) Object.defineProperty(prototype, key, replaced);
    return run();
  } finally {
    patches.forEach(({ prototype, key }, at) =>
      Object.defineProperty(prototype, key, originals[at] as PropertyDescriptor),
    );
  }
}

/** The scenario with the bug in every engine. To be run inside `patched`. */
export function planted(bug: PlantedBug, scenario: Scenario): Scenario {
  return {
    ...scenario,
    world: (knobs) => ({ ...scenario.world(knobs), wrap: (engine) => plant(bug, engine) }),
  };
}

function plant(bug: PlantedBug, engine: Engine): Engine {
  const { inputs, outputs } = bug;
  if (inputs === undefined && outputs === undefined) return engine;
  // What a torrent without metadata holds is known once it is opened.
  let known: Metainfo | null = null;
  const metainfo = () => known as Metainfo;
  const replaced: Partial<Engine> = {
    add(now, options) {
      if (!('magnet' in options)) known = options.metainfo;
      return engine.add(now, options);
    },
    ...inputs?.(engine, metainfo),
  };
  const drain = replaced.drain ?? ((sink: Sink) => engine.drain(sink));
  replaced.drain = (sink) => {
    const openTorrent: Sink['openTorrent'] = (job, torrent, metainfo) => {
      known = metainfo;
      sink.openTorrent(job, torrent, metainfo);
    };
    drain(changed(sink, { openTorrent, ...outputs?.(sink) }));
  };
  return changed(engine, replaced);
}

/** `whole` with some of its methods replaced. */
export function changed<T extends object>(whole: T, replaced: Partial<T>): T {
  return new Proxy(whole, {
    get(target, key) {
      const member = (replaced as Record<PropertyKey, unknown>)[key] ?? (target as Record<PropertyKey, unknown>)[key];
      return typeof member === 'function' && !(key in replaced) ? member.bind(target) : member;
    },
  });
}
