/** What honest clients send is not held, does not fail, and gives the rows that the database gives. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import { fits, majorOf } from '../../fixtures/postgres/majors.ts';
import { SECRET, startHarness, type Harness } from '../e2e/harness.ts';
import type { Conversation, Step } from './conversation.ts';
import { CORPUS } from './corpus.ts';
import { OVER_MASKED } from './known-over-masked.ts';
import { RULES, SCHEMA } from './schema.ts';

/** Tests for one of the versions in `MAJORS`. */
export function benignOn(major: number): void {
  describe(`honest clients of PostgreSQL ${major}`, () => {
    const ALL = CORPUS.filter((one) => fits(one, major));
    let harness: Harness;
    before(async () => {
      harness = await startHarness({ rules: RULES, schema: SCHEMA, module: majorOf(major).module });
    });
    after(() => harness?.stop());

    /** What a client sees of one statement. */
    type Seen = { readonly rows: unknown; readonly tag: unknown; readonly error: string | null };

    function shown(result: pg.QueryArrayResult | pg.QueryArrayResult[]): Pick<Seen, 'rows' | 'tag'> {
      const results = Array.isArray(result) ? result : [result];
      return {
        rows: results.map((one) => one.rows),
        tag: results.map((one) => [
          one.command,
          one.rowCount,
          one.fields.map((field) => [field.name, field.dataTypeID]),
        ]),
      };
    }

    async function ask(client: pg.Client, step: Step, extended: boolean): Promise<Seen> {
      const config =
        typeof step === 'string'
          ? { text: step }
          : { text: step.text, name: step.name, values: [...(step.values ?? [])] };
      const query = {
        ...config,
        rowMode: 'array',
        ...(extended ? { queryMode: 'extended' } : {}),
      } as pg.QueryArrayConfig;
      try {
        return { ...shown(await client.query(query)), error: null };
      } catch (error) {
        const { message, code, detail, position } = error as pg.DatabaseError;
        return { rows: null, tag: null, error: [code, message, detail, position].join(' | ') };
      }
    }

    async function have(client: pg.Client, conversation: Conversation, extended: boolean): Promise<Seen[]> {
      const seen: Seen[] = [];
      for (const step of conversation.steps) seen.push(await ask(client, step, extended));
      await client.end();
      return seen;
    }

    /** What came back with the values that should be masked, and are, put in again. */
    function withMasked({ steps }: Conversation, got: readonly Seen[], expected: readonly Seen[]): Seen[] {
      return got.map((seen, index) => {
        const step = steps[index];
        const masked = typeof step === 'object' ? step.masked : undefined;
        const direct = expected[index];
        if (masked === undefined || direct === undefined) return seen;
        const names = (direct.tag as [string, number, [string, number][]][])[0]?.[2].map(([name]) => name);
        const [rows = []] = seen.rows as unknown[][][];
        const [real = []] = direct.rows as unknown[][][];
        const put = rows.map((row, at) =>
          row.map((value, column) => {
            if (!masked.includes(names?.[column] ?? '')) return value;
            assert.notDeepEqual(value, real[at]?.[column], `${names?.[column]} is not masked`);
            return real[at]?.[column];
          }),
        );
        return { ...seen, rows: [put] };
      });
    }

    async function connected(url: string): Promise<pg.Client> {
      const client = new pg.Client(url);
      client.on('error', () => undefined);
      await client.connect();
      return client;
    }

    async function pending(): Promise<string[]> {
      const answer = await fetch(`${harness.api}/v1/requests?state=pending`, {
        headers: { authorization: `Bearer ${harness.token}` },
      });
      const { requests } = (await answer.json()) as { requests: { id: string; statement: string }[] };
      for (const { id } of requests) await (await harness.decide(id, 'deny')).arrayBuffer();
      return requests.map((one) => one.statement);
    }

    /** Resolves to the answer, or to what was held. */
    async function unlessHeld<T>(answer: Promise<T>): Promise<T> {
      const watch = setInterval(() => void pending().catch(() => undefined), 300);
      try {
        return await answer;
      } finally {
        clearInterval(watch);
      }
    }

    /** Several statements in one message are the simple protocol's alone. */
    function isSingle({ steps }: Conversation): boolean {
      return steps.every(
        (step) => typeof step !== 'string' || !step.slice(0, -1).includes(';') || step.includes("';'"),
      );
    }

    for (const extended of [false, true]) {
      test(
        `honest conversations, ${extended ? 'extended' : 'simple'} protocol`,
        { timeout: 80_000 },
        async (t) => {
          for (const conversation of ALL.filter((one) => !extended || isSingle(one))) {
            await t.test(conversation.name, async () => {
              // one after the other: sequences, locks and rows are shared
              const expected = await have(
                await connected(harness.server.url('shop')),
                conversation,
                extended,
              );
              const got = await unlessHeld(have(await connected(harness.agentUrl), conversation, extended));
              assert.deepEqual(withMasked(conversation, got, expected), expected);
              assert.ok(!JSON.stringify(got).includes(SECRET), 'a masked value came back');
              // a statement that is wrong would prove nothing
              if (!/error|failed/.test(conversation.name))
                assert.deepEqual(
                  expected.filter((one) => one.error !== null),
                  [],
                );
            });
          }
        },
      );
    }

    test('nothing of it was held', async () => {
      const answer = await fetch(`${harness.api}/v1/requests`, {
        headers: { authorization: `Bearer ${harness.token}` },
      });
      const { requests } = (await answer.json()) as { requests: { statement: string }[] };
      assert.deepEqual(
        requests.map((one) => one.statement),
        [],
      );
    });

    test('enough of it', (t) => {
      t.diagnostic(
        `${ALL.length} conversations on PostgreSQL ${major}; ${CORPUS.length - ALL.length} need a newer one`,
      );
      assert.ok(ALL.length >= 280, `${ALL.length} conversations`);
      assert.equal(new Set(CORPUS.map((one) => one.name)).size, CORPUS.length, 'names are unique');
    });

    test('what is over-masked runs, and is still over-masked', async (t) => {
      for (const text of OVER_MASKED) {
        await t.test(text, async () => {
          const conversation = { name: text, steps: ['begin', text, 'rollback'] };
          const expected = await have(await connected(harness.server.url('shop')), conversation, false);
          const got = await unlessHeld(have(await connected(harness.agentUrl), conversation, false));
          assert.equal(got[1]?.error, null);
          assert.deepEqual(got[1]?.tag, expected[1]?.tag);
          assert.notDeepEqual(
            got[1]?.rows,
            expected[1]?.rows,
            'it is exact now: move it to the conversations',
          );
        });
      }
    });

    const META = [
      '\\d',
      '\\dt+',
      '\\d orders',
      '\\d+ customers',
      '\\d lines_by_product',
      '\\dv',
      '\\dm',
      '\\di',
      '\\ds',
      '\\dn+',
      '\\df',
      '\\dT+',
      '\\dD',
      '\\du',
      '\\dp',
      '\\d+ measures',
      '\\d+ sales',
      '\\l',
      '\\dx',
      '\\dy',
      '\\drds',
      '\\conninfo',
      '\\sf touch',
      '\\sv sales',
    ];
    const hasPsql = spawnSync('psql', ['--version']).status === 0;

    test(
      `psql's own commands${hasPsql ? '' : ' (no psql here: nothing to compare)'}`,
      { timeout: 60_000 },
      async (t) => {
        for (const meta of hasPsql ? META : []) {
          if (meta === '\\conninfo') continue;
          await t.test(meta, async () => {
            const run = (url: string) =>
              promisify(execFile)('psql', ['-X', '-v', 'ON_ERROR_STOP=1', '-c', meta, url]);
            const direct = await run(harness.server.url('shop')).catch((error: { stderr: string }) => ({
              stdout: '',
              stderr: error.stderr,
            }));
            const through = await unlessHeld(
              run(harness.agentUrl).catch((error: { stderr: string }) => ({
                stdout: '',
                stderr: error.stderr,
              })),
            );
            assert.deepEqual(through, direct);
          });
        }
      },
    );
  });
}
