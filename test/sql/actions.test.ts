import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as cases from './action-cases.ts';
import { actionsOf, statement, table } from './reading.ts';

for (const [group, text] of Object.entries(cases)) {
  describe(`actions: ${group.toLowerCase()}`, () => {
    for (const [expected, sql] of table(text)) {
      it(sql, () => {
        const [actions = '', command] = expected.split(' = ');
        assert.equal(actionsOf(sql), actions);
        if (command !== undefined) assert.equal(statement(sql).command, command);
      });
    }
  });
}

describe('findings', () => {
  it('names the command for rules.yaml and gives a reason', () => {
    const [finding] = statement('DROP TABLE customers').actions;
    assert.deepEqual([finding?.action, finding?.command], ['ddl', 'drop table']);
    assert.match(finding?.reason ?? '', /DROP TABLE/);
  });

  it('keeps literals out of reasons (I8)', () => {
    const secret = 'hunter2secret';
    for (const sql of [
      `SELECT set_config('role', '${secret}', false)`,
      `COPY t TO '${secret}'`,
      `CREATE ROLE x PASSWORD '${secret}'`,
      `SET log_statement = '${secret}'`,
      `SELECT pg_read_file('${secret}')`,
      `NOTIFY x, '${secret}'`,
    ]) {
      assert.doesNotMatch(JSON.stringify(statement(sql).actions), new RegExp(secret));
    }
  });
});
