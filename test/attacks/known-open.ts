/**
 * Ways out that are open in this version and written down as such in docs/threat-model.md. A test asserts
 * that they are: one that closes belongs into `cases/`.
 */
import type { Attack } from './case.ts';

/** The secret itself arrives. */
export const OPEN_VALUES: readonly Attack[] = [
  {
    class: 12,
    name: 'a function that runs the SQL it is given, and sets',
    sql: [
      "select dyn('select set_config(''application_name'', ssn, false) from customers where id = 1')",
      'show application_name',
    ],
  },
  {
    class: 11,
    name: 'a function that runs the SQL it is given, and stores',
    sql: [
      "select dyn('insert into orders (id, note) select 60001, ssn from customers where id = 1 returning note')",
      'select note from orders where id = 60001',
    ],
  },
  {
    class: 11,
    name: 'a trigger of the database that copies within a row',
    sql: ["update noted set note = 'x' where id = 3", 'select note from noted where id = 3'],
  },
];
