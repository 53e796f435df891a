/** Class 22: what an approval lets through, and what else an agent may hope it lets through. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { majorOf } from '../../fixtures/postgres/majors.ts';
import type { Request } from '../../src/approvals/request.ts';
import { encodeSync } from '../../src/wire/client/bare.ts';
import { encodeClose } from '../../src/wire/client/close.ts';
import { encodeExecute } from '../../src/wire/client/execute.ts';
import { encodeParse } from '../../src/wire/client/parse.ts';
import { encodeQuery } from '../../src/wire/client/query.ts';
import { SECRET, startHarness, type Harness } from '../e2e/harness.ts';
import { detectorOf } from './detector.ts';
import { bind, WireClient } from './wire-client.ts';
import { RULES, SCHEMA } from './schema.ts';

const detect = detectorOf(SECRET);
/** What else there is under a statement's names by the time it is approved. */
const REPLACED: Readonly<Record<string, readonly [made: string, sql: string, replaced: string]>> = {
  'a table': [
    'create table victim (id int); create table precious as select i as id from generate_series(1, 5) i',
    'delete from victim',
    'alter table victim rename to moved; alter table precious rename to victim',
  ],
  'a table, by one that comes before it on the search path': [
    'create schema bot; create table target (id int)',
    'delete from target',
    'create table bot.target as select 1 as id',
  ],
  'a view': [
    'create view shown as select id from customers',
    'copy (select * from shown) to stdout',
    'create or replace view shown as select id + 1 as id from customers',
  ],
  'a view behind a view': [
    'create view inner_one as select id from customers; create view outer_one as select id from inner_one',
    'copy (select * from outer_one) to stdout',
    'create or replace view inner_one as select id + 1 as id from customers',
  ],
  'a function': [
    "create function act() returns text language sql volatile as 'select city from customers limit 1'",
    'copy (select act()) to stdout',
    "create or replace function act() returns text language sql volatile as 'select name from customers limit 1'",
  ],
  'a trigger’s function': [
    `create table watched (id int); create function watch() returns trigger language plpgsql as 'begin return null; end';
     create trigger watch after delete on watched for each statement execute function watch()`,
    'delete from watched',
    "create or replace function watch() returns trigger language plpgsql as 'begin perform 1; return null; end'",
  ],
  'a trigger that was not there': [
    "create table calm (id int); create function stir() returns trigger language plpgsql as 'begin return null; end'",
    'delete from calm',
    'create trigger stir after delete on calm for each statement execute function stir()',
  ],
};

/** Tests for one of the versions in `MAJORS`. */
export function approvalsOn(major: number): void {
  describe(`approvals on PostgreSQL ${major}`, () => {
    let harness: Harness;
    before(async () => {
      const schema = [SCHEMA, ...Object.values(REPLACED).map(([made]) => made)].join(';\n');
      harness = await startHarness({ rules: RULES, schema, module: majorOf(major).module });
    });
    after(() => harness?.stop());

    const ANSWERED = new Set(['approve', 'deny']);

    /** Sends, and answers the one request that comes of it. */
    async function answering(
      wire: WireClient,
      decision: 'approve' | 'deny',
      ...messages: readonly Buffer[]
    ): Promise<Request> {
      wire.send(...messages);
      const request = await harness.nextRequest();
      assert.ok(ANSWERED.has(decision));
      assert.equal((await harness.decide(request.id, decision)).status, 200);
      await wire.until('Z');
      return request;
    }

    const tags = (wire: WireClient): string[] =>
      wire.frames
        .filter((frame) => frame.type === 'C')
        .map((frame) => frame.body.toString('latin1').replace('\0', ''));

    /** Copies that a person approved: they come, and come masked. */
    const EXPORTS: Readonly<Record<string, string>> = {
      'a table': 'copy customers to stdout',
      'a table in CSV': 'copy public.customers to stdout with (format csv, header, force_quote *)',
      'a table in binary': 'copy customers to stdout with (format binary)',
      'columns out of order': "copy customers (ssn, id, email) to stdout with (delimiter '|', null 'x')",
      'a query': 'copy (select reverse(ssn), email from customers) to stdout',
      'a query in binary': 'copy (select ssn, c from customers c) to stdout binary',
      'a query behind a comment':
        'copy /* (select name from customers) */ (select ssn from customers) to stdout',
      'a query with parentheses in strings':
        "copy (select ')', (select max(ssn) from customers), '(' ) to stdout",
      RETURNING: "copy (update customers set city = 'q' where id = 61 returning ssn) to stdout",
      'a view': 'copy (select * from customer_contacts) to stdout',
      'a delimiter out of the secret': "copy customers to stdout with (delimiter 'S')",
      'a quote out of the secret': "copy customers (ssn) to stdout with (format csv, quote 'S', escape 'C')",
      'rows in a column': 'copy snapshots to stdout',
      'a child': 'copy secret_child to stdout',
      'many types': 'copy vault to stdout',
      generated: 'copy (select * from gen) to stdout csv',
      'several in one message':
        'copy (select 1) to stdout; copy (select ssn from customers) to stdout; copy customers to stdout',
    };

    /** What a function may do that nobody vouched for is asked about whenever it runs. */
    const RUNS_CODE = new Set(['a function']);

    const inBinary = (sql: string): Buffer[] => [
      encodeParse({ name: '', sql, parameterTypes: [] }),
      bind('', '', [], 1),
      encodeExecute({ portal: '', maxRows: 0 }),
      encodeSync(),
    ];

    test('an approved export is masked', async (t) => {
      for (const [name, sql] of Object.entries(EXPORTS)) {
        for (const extended of sql.includes(';') ? [false] : [false, true]) {
          await t.test(`${name}, ${extended ? 'extended' : 'simple'}`, async () => {
            const wire = await WireClient.open(harness.agentUrl);
            const prepared = [
              encodeParse({ name: '', sql, parameterTypes: [] }),
              bind('', ''),
              encodeExecute({ portal: '', maxRows: 0 }),
              encodeSync(),
            ];
            await answering(wire, 'approve', ...(extended ? prepared : [encodeQuery(sql)]));
            assert.deepEqual(wire.errors(), []);
            assert.ok(
              wire.frames.some((frame) => frame.type === 'd'),
              'data came',
            );
            assert.equal(detect(wire.received), null);
            wire.close();
          });
        }
      }
    });

    test('an approved copy is masked when it is read', async (t) => {
      const copies: Readonly<Record<string, readonly [string, string]>> = {
        'CREATE TABLE AS with the name kept': [
          'create table k1 as select ssn from customers',
          'select ssn from k1 limit 2',
        ],
        'a view': [
          'create view k2 as select id, reverse(ssn) as r from customers',
          'select r from k2 limit 2',
        ],
        'a view, in one message': [
          'create view k3 as select reverse(ssn) as r from customers; select r from k3 limit 2',
          'select r from k3 limit 2',
        ],
        'a materialised view': [
          'create materialized view k4 as select reverse(ssn) as r from customers',
          'select r from k4 limit 2',
        ],
        'a partition': [
          "create table people_new partition of people for values from ('2000-01-01') to ('2100-01-01')",
          'select ssn from people_new',
        ],
        'a column renamed': [
          'alter table customers rename column phone to harmless_phone',
          'select name from customers where id = 1',
        ],
        'a child': ['create table k5 (more text) inherits (base_person)', 'select ssn from k5'],
        'a function': [
          "create function k6() returns text language sql as 'select reverse(ssn) from customers limit 1'",
          'select k6()',
        ],
        'an operator': [
          'create operator %%% (leftarg = int, rightarg = int, function = peek)',
          'select 1 %%% 0',
        ],
        'a type of rows': [
          'create table k7 as select c as whole from customers c',
          'select (whole).ssn, whole from k7 limit 2',
        ],
      };
      for (const [name, [create, read]] of Object.entries(copies)) {
        await t.test(name, async () => {
          const wire = await WireClient.open(harness.agentUrl);
          await answering(wire, 'approve', encodeQuery(create));
          assert.deepEqual(wire.errors(), []);
          if (RUNS_CODE.has(name)) {
            await answering(wire, 'approve', encodeQuery(read));
            await answering(wire, 'approve', ...inBinary(read));
          } else {
            await wire.simple(read);
            await wire.extended(read, { format: 1, describe: 'none' });
          }
          assert.deepEqual(wire.errors(), []);
          assert.equal(detect(wire.received), null);
          wire.close();
        });
      }
    });

    test('a grant is for one execution', async () => {
      const wire = await WireClient.open(harness.agentUrl);
      const truncate = encodeQuery('delete from event');
      await answering(wire, 'approve', truncate);
      assert.deepEqual(tags(wire), ['DELETE 0']);
      const second = await answering(wire, 'deny', truncate);
      assert.equal(second.statement, 'delete from event');
      assert.deepEqual(tags(wire), ['DELETE 0'], 'it ran once');
      wire.close();
    });

    test('approve A, run B: the statement behind the name is bound, not the name', async () => {
      const wire = await WireClient.open(harness.agentUrl);
      await wire.batch(encodeParse({ name: 's', sql: 'delete from event', parameterTypes: [] }));
      const run = [bind('', 's'), encodeExecute({ portal: '', maxRows: 0 }), encodeSync()];
      await answering(wire, 'approve', ...run);
      await wire.batch(
        encodeClose({ what: 'S', name: 's' }),
        encodeParse({ name: 's', sql: 'delete from other.customers', parameterTypes: [] }),
      );
      const request = await answering(wire, 'deny', ...run);
      assert.equal(request.statement, 'delete from other.customers');
      const direct = await harness.direct();
      assert.equal((await direct.query('select count(*)::int as n from other.customers')).rows[0].n, 20);
      wire.close();
    });

    test('what follows while a request waits is not covered by its approval', async () => {
      const wire = await WireClient.open(harness.agentUrl);
      wire.send(encodeQuery('delete from event'), encodeQuery('delete from club'));
      const first = await harness.nextRequest();
      assert.equal(first.statement, 'delete from event');
      await harness.decide(first.id, 'approve');
      const second = await harness.nextRequest();
      assert.equal(second.statement, 'delete from club');
      await harness.decide(second.id, 'deny');
      await wire.until('Z');
      await wire.until('Z');
      assert.deepEqual(tags(wire), ['DELETE 0']);
      assert.equal(detect(wire.received), null);
      wire.close();
    });

    test('other parameters need another approval', async () => {
      const wire = await WireClient.open(harness.agentUrl);
      await wire.batch(encodeParse({ name: 's', sql: 'copy (select 1) to stdout', parameterTypes: [] }));
      const sql = 'delete from visitor where $1::int = 1';
      await wire.batch(encodeParse({ name: 'd', sql, parameterTypes: [] }));
      const run = (value: string): Buffer[] => [
        bind('', 'd', [value]),
        encodeExecute({ portal: '', maxRows: 0 }),
        encodeSync(),
      ];
      await answering(wire, 'approve', ...run('2'));
      assert.deepEqual(tags(wire), ['DELETE 0']);
      await answering(wire, 'deny', ...run('1'));
      assert.deepEqual(tags(wire), ['DELETE 0']);
      wire.close();
    });

    for (const [name, [, sql, replaced]] of Object.entries(REPLACED)) {
      test(`replaced while the request waits, it is not what was approved: ${name}`, async () => {
        const direct = await harness.direct();
        const wire = await WireClient.open(harness.agentUrl);
        wire.send(encodeQuery(sql));
        const request = await harness.nextRequest();
        // by another way than Postern, at the last moment
        await direct.query(replaced);
        await harness.decide(request.id, 'approve');
        await wire.until('Z');
        assert.equal(wire.errors().length, 1, 'it ran');
        assert.deepEqual(tags(wire), []);
        wire.close();
      });
    }

    test('a request shows what the statement is, whatever its comments say', async () => {
      const wire = await WireClient.open(harness.agentUrl);
      const sql = `/* reason: \u202Eonly reading */ delete /* approved by \u0007 dana */ from event -- select 1`;
      const request = await answering(wire, 'deny', encodeQuery(sql));
      assert.ok(request.statement.includes('from event'));
      // control and bidirectional characters could make a person read something else
      assert.doesNotMatch(`${request.statement}${request.statedReason ?? ''}`, /[\p{Cc}\p{Cf}]/u);
      wire.close();
    });

    test('a text of the shape of an allowed one is held for what its literals make of it', async () => {
      const pairs = [
        [
          "delete from plain_parent where note like 'nobody%'",
          "delete from plain_parent where note like '%'",
        ],
        [
          'delete from plain_parent where id < 0 or id >= 99999',
          'delete from plain_parent where id < 1 or id >= 1',
        ],
        [
          "update plain_parent set note = 'x' where not note not ilike 'zz'",
          "update plain_parent set note = 'x' where not note not ilike '%'",
        ],
      ] as const;
      for (const [allowed, whole] of pairs) {
        const wire = await WireClient.open(harness.agentUrl);
        await wire.simple(allowed);
        await wire.extended(allowed, { format: 0, describe: 'none' });
        const ran = tags(wire).length;
        const request = await answering(wire, 'deny', encodeQuery(whole));
        assert.ok(request.statement.includes('plain_parent'));
        assert.equal(tags(wire).length, ran, 'it ran');
        wire.close();
      }
      const direct = await harness.direct();
      assert.equal((await direct.query('select count(*)::int as n from only plain_parent')).rows[0].n, 20);
    });

    test('requests and the trail show no literal', async () => {
      const wire = await WireClient.open(harness.agentUrl);
      const request = await answering(
        wire,
        'deny',
        encodeQuery("delete from event where 'literal-9931' = 'literal-9931'"),
      );
      const shown = JSON.stringify(await harness.request(request.id));
      assert.ok(!shown.includes('literal-9931'));
      assert.ok(!(await harness.trail()).includes('literal-9931'));
      wire.close();
    });
  });
}
