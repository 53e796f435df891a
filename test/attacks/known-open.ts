/**
 * Ways out that are open in this version and written down as such in docs/threat-model.md. A test asserts
 * that they are: one that closes belongs into `cases/`.
 */
import type { Attack } from './case.ts';

/** The secret itself arrives. */
export const OPEN_VALUES: readonly Attack[] = [
  {
    class: 11,
    name: 'a trigger of the database that copies within a row',
    sql: ["update noted set note = 'x' where id = 3", 'select note from noted where id = 3'],
  },
];
