// The filter of a table while it is typed: its rows follow every key.

import { edit, type Field } from './field.ts';
import type { State, TableName } from './state.ts';
import { moved, withTable } from './views.ts';

/** What a key does to the rows and to the typed text; `field` null: typing has ended. Enter keeps the filter, Escape takes it away. */
export function filterKey(
  state: State,
  table: TableName,
  typed: Field,
  key: string,
): { readonly state: State; readonly field: Field | null } {
  if (key === 'enter') return { state, field: null };
  if (key === 'escape') return { state: withFilter(state, table, ''), field: null };
  if (key === 'up' || key === 'down') return { state: moved(state, table, key === 'up' ? -1 : 1), field: typed };
  const field = edit(typed, key) ?? typed;
  return { state: withFilter(state, table, field.text), field };
}

/** The state with only those rows of the table that have all the words. */
export function withFilter(state: State, table: TableName, filter: string): State {
  return withTable(state, table, { ...state.tables[table], filter });
}
