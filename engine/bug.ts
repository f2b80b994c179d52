// Assertions against our own mistakes. They stay on in production: a wrong claim about somebody's data is worse than an end.

/** A law of the engine was broken by the engine or its driver, never by a peer. The client writes down what happened and leaves. */
export class EngineBug extends Error {
  override readonly name = 'EngineBug';
}

/** Throws `EngineBug` unless `fact` holds. `what` names the law; the numbers say where. */
export function assert(fact: boolean, what: string, a?: number, b?: number): asserts fact {
  if (!fact) throw new EngineBug(`${what}${a === undefined ? '' : ` (${a}${b === undefined ? '' : `, ${b}`})`}`);
}
