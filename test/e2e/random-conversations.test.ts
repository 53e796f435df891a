/**
 * Messages in any order, as no driver would send them: what Postern answers must be what the server answers,
 * byte for byte. Found by this: names and transaction states that Postern and the server saw differently.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { startHarness, type Harness } from './harness.ts';
import {
  bind,
  close,
  describe,
  execute,
  flush,
  frame,
  parse,
  query,
  RawClient,
  sync,
  type Target,
} from './raw-client.ts';

const RULES = `version: 1
masks:
  - { name: contact, columns: [public.customers.email], with: redact }
defaults: { export: allow, ddl: allow }
`;

let harness: Harness;
let direct: Target;
let through: Target;
before(async () => {
  harness = await startHarness({ rules: RULES });
  await (await harness.direct()).query('create table plain (id int)');
  await (await harness.agent()).query('select * from plain');
  const { server, postern, password } = harness;
  direct = { port: server.port, user: server.user, password: server.password, database: 'shop' };
  through = { port: postern.agentPort, user: 'bot', password, database: 'shop' };
});
after(() => harness.stop());

const STATEMENTS = [
  'select 1',
  'select id from orders order by id limit 4',
  'select 1/0',
  'begin',
  'commit',
  'rollback',
  '',
  'select no_such_column',
  'prepare a as select 10',
  'execute a',
  'deallocate a',
  'deallocate all',
  'declare c cursor for select id from orders order by id',
  'declare c cursor with hold for select 5',
  'fetch 2 from c',
  'close c',
  'savepoint s',
  'rollback to s',
  'select 2; select 3',
  'discard all',
  'copy (select 1 as x) to stdout',
  "set application_name = 'x'",
  'show application_name',
];
const NAMES = ['', 'a', 'b'];
const PORTALS = ['', 'c', 'p'];

const sql = fc.constantFrom(...STATEMENTS);
const name = fc.constantFrom(...NAMES);
const portal = fc.constantFrom(...PORTALS);

const step: fc.Arbitrary<readonly [label: string, bytes: Buffer]> = fc.oneof(
  { weight: 4, arbitrary: sql.map((s) => [`Q ${s}`, query(s)] as const) },
  { weight: 4, arbitrary: fc.tuple(sql, name).map(([s, n]) => [`P ${n} ${s}`, parse(s, n)] as const) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(name, portal)
      .map(([n, p]) => [`B ${n} ${p}`, bind({ statement: n, portal: p })] as const),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(portal, fc.nat(3)).map(([p, n]) => [`E ${p} ${n}`, execute(p, n)] as const),
  },
  { weight: 2, arbitrary: name.map((n) => [`DS ${n}`, describe('S', n)] as const) },
  { weight: 2, arbitrary: portal.map((p) => [`DP ${p}`, describe('P', p)] as const) },
  { weight: 1, arbitrary: name.map((n) => [`CS ${n}`, close('S', n)] as const) },
  { weight: 1, arbitrary: portal.map((p) => [`CP ${p}`, close('P', p)] as const) },
  { weight: 5, arbitrary: fc.constant(['S', sync()] as const) },
  { weight: 1, arbitrary: fc.constant(['H', flush()] as const) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('1\n', 'x\n')
      .map(
        (data) =>
          [
            `Q copy in ${data}`,
            Buffer.concat([query('copy plain from stdin'), frame('d', data), frame('c', '')]),
          ] as const,
      ),
  },
  { weight: 1, arbitrary: fc.constant(['d', frame('d', 'x\n')] as const) },
);

const LAST = 'select 4242 as the_end';

/**
 * Errors that Postern makes itself have words of their own: of all errors the code is compared. Notices and
 * settings may be left out behind a cursor of unknown origin, so they are left out of the comparison.
 */
function comparable(messages: readonly string[]): string[] {
  const kept = messages.filter((m) => !m.startsWith('N') && !m.startsWith('S'));
  return kept.map((m) => (m.startsWith('E') ? `error ${/\0C([0-9A-Z]{5})\0/.exec(m)?.[1] ?? '?'}` : m));
}

/** All that is said, up to the answer of the last query. */
async function everything(target: Target, bytes: Buffer): Promise<string[]> {
  const client = await RawClient.connect(target);
  try {
    client.send(bytes, sync(), query('rollback'), sync(), query(LAST));
    const ended = (): boolean => {
      const at = client.messages.findIndex((m) => m.bytes.includes('the_end'));
      return at >= 0 && client.messages.slice(at).some((m) => m.type === 'Z');
    };
    await client.wait(() => client.closed || ended());
    return client.messages.map((m) => m.bytes.toString('latin1'));
  } finally {
    client.destroy();
  }
}

test('any conversation gets the server’s own answers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
      const bytes = Buffer.concat(steps.map(([, b]) => b));
      const expected = comparable(await everything(direct, bytes));
      const actual = comparable(await everything(through, bytes));
      assert.deepEqual(actual, expected, steps.map(([label]) => label).join(' | '));
    }),
    { numRuns: Number(process.env['POSTERN_TEST_RUNS'] ?? 60) },
  );
});
