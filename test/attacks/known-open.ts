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
];

/** One bit arrives: `sql` gives rows, `contrary` none, and which of the two depends on a masked value. */
export type Oracle = { readonly name: string; readonly sql: string; readonly contrary: string };

export const OPEN_ORACLES: readonly Oracle[] = [
  {
    name: 'LIKE',
    sql: "select id from customers where id = 1 and ssn like 'z%'",
    contrary: "select id from customers where id = 1 and ssn like 'y%'",
  },
  {
    name: 'range',
    sql: "select id from customers where id = 1 and ssn < 'zr'",
    contrary: "select id from customers where id = 1 and ssn > 'zr'",
  },
  {
    name: 'join against a guess',
    sql: "select c.id from customers c join (values ('z')) v(x) on left(c.ssn, 1) = v.x where c.id = 1",
    contrary: "select c.id from customers c join (values ('y')) v(x) on left(c.ssn, 1) = v.x where c.id = 1",
  },
  {
    name: 'what feeds a LIMIT',
    sql: 'select id from customers limit (select ascii(ssn) - 121 from customers where id = 1)',
    contrary: 'select id from customers limit (select ascii(ssn) - 122 from customers where id = 1)',
  },
  {
    name: 'a sub-query over a clean table',
    sql: "select id from orders where id = 1 and exists (select 1 from customers where id = 1 and ssn like 'z%')",
    contrary:
      "select id from orders where id = 1 and exists (select 1 from customers where id = 1 and ssn like 'y%')",
  },
  {
    name: 'an error on purpose',
    sql: "select id from customers where id = 1 and 1 / (case when ssn like 'z%' then 1 else 0 end) = 1",
    contrary: "select id from customers where id = 1 and 1 / (case when ssn like 'y%' then 1 else 0 end) = 1",
  },
];
