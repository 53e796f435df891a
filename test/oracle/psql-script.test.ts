import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { loadParser } from '../../src/sql/parser.ts';
import { statementsOf } from './psql-script.ts';

before(loadParser);

test('the statements of a script for psql', () => {
  const script = `-- a comment; with a semicolon
\\set x 1
select 1; select ';' as "a;b";
select (select 2
);
copy t from stdin;
1;2
\\.
create function f() returns int language sql as $$
  select 1;
$$;
select 3 \\gset y_
create rule r as on insert to t do also (delete from u; delete from v);
select 4`;
  assert.deepEqual(
    statementsOf(script).map((one) => one.replace(/^--.*\n/, '')),
    [
      'select 1',
      `select ';' as "a;b"`,
      'select (select 2\n)',
      'create function f() returns int language sql as $$\n  select 1;\n$$',
      'select 3',
      'create rule r as on insert to t do also (delete from u; delete from v)',
      'select 4',
    ],
  );
});
