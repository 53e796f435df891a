/** Asking a yes-or-no question of a server, as a patient agent does. */
import type pg from 'pg';
import { RULES, SCHEMA } from './schema.ts';

/** Without what makes every use of a name opaque or ambiguous, so that a refusal is for what a question asks. */
export const INFERENCE_SCHEMA = `${SCHEMA}
  drop function lower(int);
  drop schema other cascade;`;

/** Whatever lets a masked column decide what comes back is refused at once, so that no test waits for a person. */
export const INFERENCE_RULES = RULES.replace(
  'defaults: { influence: allow }',
  'defaults: { influence: deny, laundering: deny }',
);

/** What an answer looks like from outside: how many rows, or that it failed. */
export async function answer(client: pg.Client, text: string, extended: boolean): Promise<string> {
  try {
    const { rowCount } = await client.query({
      text,
      ...(extended ? { queryMode: 'extended' } : {}),
    } as pg.QueryConfig);
    return `${rowCount} rows`;
  } catch (error) {
    return (error as pg.DatabaseError).message.includes('defaults.') ? 'refused' : 'failed';
  }
}

export async function rolledBack<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    return await work();
  } finally {
    await client.query('rollback');
  }
}
