import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MAJORS } from '../../fixtures/postgres/majors.ts';
import { lineageOfText } from '../../src/sql/lineage/follow.ts';
import type { Lineage, OutputLineage } from '../../src/sql/lineage/lineage.ts';
import { check, summary } from './check.ts';
import type { Checked } from './check.ts';
import { Comparison } from './compare.ts';
import { CORPUS } from './corpus/index.ts';
import { generate } from './generate.ts';
import { startOracle } from './server.ts';
import type { OracleServer } from './server.ts';

const RANDOM_STATEMENTS = 500;
const SEED = 20_240_229;

function assertSound(checked: Checked): void {
  const found = checked.failures.map(({ kind, sql, detail }) => `${kind}: ${detail}\n    ${sql}`);
  assert.equal(found.length, 0, `${summary(checked)}\n${found.slice(0, 20).join('\n')}`);
}

for (const { major, module } of MAJORS)
  describe(`lineage contains what PostgreSQL understood (PostgreSQL ${major})`, () => {
    let server: OracleServer;
    before(async () => {
      server = await startOracle({ module });
      assert.equal(server.major, major);
    });
    after(async () => server?.stop());

    it('of every statement in the corpus', async (t) => {
      const written = CORPUS.filter(({ since }) => since <= server.major).map(({ sql }) => sql);
      const checked = await check(server, written);
      const newer = CORPUS.filter(({ since }) => since > server.major).map(({ sql }) => sql);
      const accepted = newer.length - (await check(server, newer)).refused.length;
      assert.equal(accepted, 0, 'marked for a newer version, and understood by this one');
      t.diagnostic(`${newer.length} statements need a newer version`);
      t.diagnostic(summary(checked));
      assert.deepEqual(checked.refused, [], 'the corpus is made of statements that the server understands');
      assertSound(checked);
      const { counts } = checked;
      // What must not be masked stays readable: these are bars to lower, not to reach.
      assert.ok(counts.lost <= counts.outputs * 0.03, summary(checked));
      assert.ok(counts.cleanMasked <= counts.clean * 0.12, summary(checked));
      assert.ok(counts.directDerived <= counts.direct * 0.08, summary(checked));
      assert.ok(counts.derivedTooWide <= counts.derived * 0.05, summary(checked));
    });

    it('of statements made at random', async (t) => {
      const checked = await check(server, generate(SEED, RANDOM_STATEMENTS, server.major));
      t.diagnostic(summary(checked));
      assert.ok(checked.counts.statements > RANDOM_STATEMENTS * 0.85, 'most of them must be understood');
      assertSound(checked);
    });

    it('and it would show if lineage left a column out', async () => {
      let tampered = 0;
      for (const sql of generate(SEED, 100, server.major)) {
        const answer = await server.ask(sql);
        const [lineage] = lineageOfText(sql, server.snapshot);
        if (answer.kind === 'refused' || lineage?.kind !== 'followed') continue;
        if (answer.truth.outputs.every(({ source }) => source.required.size === 0)) continue;
        const emptied: Lineage = {
          ...lineage,
          outputs: lineage.outputs.map(({ name }) => ({ name, from: { kind: 'clean' } as OutputLineage })),
        };
        const failures = new Comparison(server.snapshot).add(sql, answer.truth, [emptied]);
        assert.ok(
          failures.some(({ kind }) => kind === 'missing'),
          sql,
        );
        tampered += 1;
      }
      assert.ok(tampered > 50, `only ${tampered} statements had something to leave out`);
    });
  });
