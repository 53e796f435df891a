/** What a request says of the cost of a statement, and that asking for it runs nothing. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { majorOf } from '../../fixtures/postgres/majors.ts';
import type { Request } from '../../src/approvals/request.ts';
import { RULES, startHarness, type Harness } from './harness.ts';

const HELD = `${RULES}  - { name: look first, when: { action: [read, write], relation: orders }, then: hold }\n`;

// PostgreSQL 14 has no GENERIC_PLAN.
for (const { major, module } of [majorOf(14), majorOf(18)]) {
  test(`estimates on PostgreSQL ${major}`, async (t) => {
    const harness: Harness = await startHarness({ rules: HELD, module });
    after(() => harness.stop());
    const admin = await harness.direct();
    await admin.query(`
      analyze;
      create table ran (who text);
      create function bomb() returns int immutable language plpgsql as $$ begin raise log 'the bomb ran'; return 1; end $$;
      create function bombs(int, int) returns bool immutable language plpgsql as $$ begin raise log 'the bomb ran'; return true; end $$;
      create operator @@@ (leftarg = int, rightarg = int, function = bombs);
      create view explosive as select * from orders where id = bomb();`);
    // The catalog is read at start, and every few seconds.
    await harness.restartPostern();
    const ask = async (sql: string, values?: unknown[]): Promise<Request> => {
      const agent = await harness.agent();
      const run = agent.query(values === undefined ? sql : { text: sql, values }).catch(() => undefined);
      const request = await harness.nextRequest();
      await harness.decide(request.id, 'deny');
      await run;
      return request;
    };
    // Connecting takes its time on a machine that is busy, and what is late is left out.
    const estimated = async (sql: string, values?: unknown[]): Promise<Request> => {
      const request = await ask(sql, values);
      return request.estimate === null ? ask(sql, values) : request;
    };
    await t.test('rows and cost, with and without parameters', async () => {
      assert.equal((await estimated('select * from orders')).estimate?.rows, 500);
      const write = await estimated("update orders set note = 'x' /* secret comment */");
      assert.equal(write.estimate?.rows, 500);
      assert.ok((write.estimate?.cost ?? 0) > 0);
      assert.deepEqual(write.locks, ['ROW EXCLUSIVE on public.orders']);
      assert.equal((await estimated('delete from orders where id = $1', [7])).estimate?.rows, 1);
      const log = await harness.statementLog();
      assert.ok(log.includes('EXPLAIN') && !log.includes('secret comment'));
      assert.equal((await admin.query('select count(*)::int as n from orders')).rows[0].n, 500);
    });
    await t.test('nothing of a user is run by planning', async () => {
      for (const sql of [
        'select * from orders where id = bomb()',
        'select * from orders where 1 @@@ 2',
        'select * from explosive',
        'select * from orders where id = public.abs(1)',
        'select count(*) from orders; select * from orders',
      ])
        assert.equal((await ask(sql)).estimate, null, sql);
      assert.ok(!(await harness.statementLog()).includes('LOG:  the bomb ran'));
    });
    await t.test('a table that is locked delays the request by little, and has no estimate', async () => {
      await admin.query('begin; lock table orders');
      const began = Date.now();
      const agent = await harness.agent();
      const run = agent.query('select * from orders').catch(() => undefined);
      const request = await harness.nextRequest();
      assert.ok(Date.now() - began < 1500);
      assert.equal(request.estimate, null);
      await harness.decide(request.id, 'deny');
      await run;
      await admin.query('rollback');
    });
    await t.test('attack: the connection that plans is cut in the middle, and Postern lives on', async () => {
      await admin.query('begin; lock table orders');
      const cutting = await harness.direct();
      let cut = 0;
      for (let tries = 0; tries < 5 && cut === 0; tries += 1) {
        const agent = await harness.agent();
        const run = agent.query(`select ${tries} from orders`).catch(() => undefined);
        for (let looks = 0; looks < 30 && cut === 0; looks += 1) {
          const { rowCount } = await cutting.query(`select pg_terminate_backend(pid) from pg_stat_activity
            where application_name = 'postern-estimates' and query like 'EXPLAIN%' and state = 'active'`);
          cut += rowCount ?? 0;
        }
        await harness.decide((await harness.nextRequest()).id, 'deny');
        await run;
      }
      await admin.query('rollback');
      assert.ok(cut > 0, 'it was planning when it was cut');
      assert.equal((await estimated('select * from orders')).estimate?.rows, 500);
    });
    await t.test('what DDL would lock, and what the agent asked before', async () => {
      const request = await ask('drop table orders');
      assert.deepEqual(request.locks, ['ACCESS EXCLUSIVE on public.orders']);
      assert.equal(request.estimate, null);
      assert.ok((request.history.denied ?? 0) >= 5, JSON.stringify(request.history));
    });
  });
}
