/**
 * How much of what honest clients read is masked although it need not be: of the outputs that the server itself says
 * no masked column is computed into, the share that Postern masks. And none of the others may pass.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { knowsFrom, planRow, type MaskableField } from '../../src/masking/plan.ts';
import { startOracle, type OracleServer } from '../oracle/server.ts';
import { columnOf } from '../oracle/values.ts';
import { TEXTS } from './corpus.ts';
import { judgeOf } from './judging.ts';
import { OVER_MASKED } from './known-over-masked.ts';
import { RULES, SCHEMA } from './schema.ts';

/** Share of clean outputs that may be masked; the aim is 0.03. */
const BOUND = 0.1;

/**
 * Given whole rows, these read some columns of them, which the server's query trees do not tell. That they give the
 * same rows is the conversations' business.
 */
const READS_SOME_COLUMNS = /information_schema\._pg_truetyp(?:id|mod)\(/;

/** What the server describes a statement's results as; null where it returns none, or fails. */
async function described(client: pg.Client, text: string): Promise<readonly MaskableField[] | null> {
  await client.query('begin');
  try {
    const { fields } = await client.query({ text, queryMode: 'extended' } as pg.QueryConfig);
    return fields.map((field) => ({
      tableOid: field.tableID,
      attnum: field.columnID,
      typeOid: field.dataTypeID,
      format: 0,
    }));
  } catch {
    return null;
  } finally {
    await client.query('rollback').catch(() => undefined);
  }
}

/** For each output, whether a masked column is in it; null where the server cannot be asked. */
async function privateOutputs(
  oracle: OracleServer,
  text: string,
  isMasked: (relation: number, attnum: number) => boolean,
): Promise<readonly boolean[] | null> {
  const answer = await oracle.ask(text).catch(() => null);
  if (answer?.kind !== 'understood') return null;
  return answer.truth.outputs.map(({ source }) =>
    [...source.required].some((key) => {
      const { relation, attnum } = columnOf(key);
      return isMasked(relation, attnum);
    }),
  );
}

test('what honest clients read is masked only where it must be', async (t) => {
  const oracle = await startOracle({}, { schema: SCHEMA, searchPath: 'public' });
  const client = new pg.Client({ connectionString: oracle.url });
  try {
    await client.connect();
    const judge = await judgeOf(oracle.snapshot, RULES);
    const isMasked = (relation: number, attnum: number): boolean => {
      const columns = judge.masks.columns.get(relation);
      return columns !== undefined && (attnum === 0 || columns.has(attnum));
    };
    let clean = 0;
    let compared = 0;
    const needless: string[] = [];
    const passed: string[] = [];
    for (const text of [...TEXTS, ...OVER_MASKED]) {
      const outputs = await privateOutputs(oracle, text, isMasked);
      const fields = outputs === null ? null : await described(client, text);
      if (outputs === null || fields === null || fields.length !== outputs.length) continue;
      const judged = judge.judge(text, false);
      const plan = planRow(
        fields,
        judged.masks,
        judged.scope,
        knowsFrom(oracle.snapshot),
        judged.judgement.statements[0]?.outputs ?? null,
      );
      const masked = new Set(plan?.masked.map(({ index }) => index));
      compared += 1;
      for (const [index, isPrivate] of outputs.entries()) {
        if (!isPrivate) clean += 1;
        if (!isPrivate && masked.has(index)) needless.push(`output ${index + 1} of ${text}`);
        if (isPrivate && !masked.has(index) && !READS_SOME_COLUMNS.test(text))
          passed.push(`output ${index + 1} of ${text}`);
      }
    }
    const share = needless.length / clean;
    t.diagnostic(
      `${needless.length} of ${clean} clean outputs are masked (${(100 * share).toFixed(1)} %), in ${compared} statements`,
    );
    for (const one of needless) t.diagnostic(one);
    assert.deepEqual(passed, []);
    assert.ok(compared > 120 && clean > 300, `only ${clean} outputs of ${compared} statements were compared`);
    assert.ok(share <= BOUND, needless.join('\n'));
  } finally {
    await client.end();
    await oracle.stop();
  }
});
