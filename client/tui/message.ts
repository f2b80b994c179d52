// The one line that tells the user what happened: it fades, trouble later than the rest.

import type { Message, State, Step } from './state.ts';

const MESSAGE_MS = 6_000;
const ERROR_MS = 15_000;

/** The state with a line for the user. */
export function say(state: State, text: string, level: Message['level'] = 'info'): State {
  return { ...state, message: { text, level, until: state.now + (level === 'error' ? ERROR_MS : MESSAGE_MS) } };
}

/** The message, or null once its time is over. */
export function fading(message: Message | null, now: number): Message | null {
  return message !== null && now < message.until ? message : null;
}

/** A step without effects. */
export function only(state: State): Step {
  return { state, effects: [] };
}
