// The one line that tells the user what happened: it fades, trouble later than the rest.

import type { Request } from '../control/protocol.ts';
import type { Message, State, Step } from './state.ts';

const MESSAGE_MS = 6_000;
const ERROR_MS = 12_000;
const NOTICES_MAX = 20;

/** The state with a line for the user. */
export function say(state: State, text: string, level: Message['level'] = 'info'): State {
  return { ...state, message: { text, level, until: state.now + (level === 'error' ? ERROR_MS : MESSAGE_MS) } };
}

/** The same for what nobody asked for: it waits until what was noticed before it had its time. */
export function noticed(state: State, text: string, level: Message['level']): State {
  const { message, notices } = state;
  const busy = message !== null && message.level !== 'info';
  if (!busy) return say(state, text, level);
  return { ...state, notices: [...notices, { text, level, until: 0 }].slice(-NOTICES_MAX) };
}

/** The state without a message whose time is over; the next one that waits takes its place. */
export function faded(state: State): State {
  const { message, notices, now } = state;
  if (message !== null && now < message.until) return state;
  const [next, ...rest] = notices;
  return next === undefined ? { ...state, message: null } : say({ ...state, notices: rest }, next.text, next.level);
}

/** Asks, and says so at once; `done` is said once all of it is true. */
export function ask(state: State, requests: readonly Request[], doing: string, done: string): Step {
  return { state: say(state, `${doing} …`), effects: [{ kind: 'ask', requests, done }] };
}

/** A step without effects. */
export function only(state: State): Step {
  return { state, effects: [] };
}
