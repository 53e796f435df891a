/**
 * The corpus of attempts to get a masked value out, played end to end on one version of PostgreSQL. Every request
 * that is held is denied as it appears.
 *
 * Invariant: whatever happens, the secret is in no byte that the server side sent. Every case is played on every
 * version, also one that the version cannot understand: Postern reads it all the same, and must not be led astray.
 * Non-goals: what approvals let through (approvals-suite.ts).
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { fits, majorOf } from '../../fixtures/postgres/majors.ts';
import { SECRET, startHarness, type Harness } from '../e2e/harness.ts';
import { detectorOf } from './detector.ts';
import { OPEN_VALUES } from './known-open.ts';
import { autoDecide, inParallel, modesOf, play } from './runner.ts';
import { RULES, SCHEMA } from './schema.ts';
import { ALL } from './cases/index.ts';
import type { Attack } from './case.ts';

/** Sessions at once. */
const WIDTH = 4;
/** Part of the corpus that must deliver the secret on a bare server, or the corpus proves nothing. */
const BARE_SHARE = 0.8;

/** Marked for some versions, and without anything to show on them: they guard a way that might open. */
const QUIET: ReadonlySet<string> = new Set(['domain in JSON_TABLE']);

const detect = detectorOf(SECRET);

/** Where the tests below find the running system: it is up only once they run. */
type Running = () => Harness;

/** Tests for one of the versions in `MAJORS`. */
export function attacksOn(major: number): void {
  describe(`attacks on PostgreSQL ${major}`, () => {
    let harness: Harness;
    before(async () => {
      harness = await startHarness({ rules: RULES, schema: SCHEMA, module: majorOf(major).module });
      const direct = await harness.direct();
      const { rows } = await direct.query('show server_version');
      assert.equal(Number.parseInt((rows[0] as { server_version: string }).server_version, 10), major);
    });
    after(() => harness?.stop());
    nothingGetsOut(() => harness);
    theCorpusWorks(() => harness, major);
    whatIsOpenIsOpen(() => harness);
    startUpIsRefused(() => harness);
  });
}

function nothingGetsOut(running: Running): void {
  test('no attack gets the secret', { timeout: 120_000 }, async (t) => {
    const harness = running();
    const leaks = new Map<Attack, string[]>(ALL.map((attack) => [attack, []]));
    const jobs = ALL.flatMap((attack) => modesOf(attack).map((mode) => ({ attack, mode })));
    const denying = autoDecide(harness, 'deny');
    await inParallel(jobs, WIDTH, async ({ attack, mode }) => {
      const found = await play(harness.agentUrl, attack, mode, detect).catch(
        (error: unknown) => `no answer: ${String(error)}`,
      );
      if (found !== null) leaks.get(attack)?.push(`${mode}: ${found}`);
    });
    await denying.stop();
    for (const [attack, found] of leaks) {
      await t.test(`${attack.class}: ${attack.name}`, () => assert.deepEqual(found, []));
    }
  });
}

/** The modes in which it delivers without Postern, up to the first. */
async function delivers(url: string, attack: Attack): Promise<boolean> {
  for (const mode of modesOf(attack)) {
    const found = await play(url, attack, mode, detect).catch(() => null);
    if (found !== null) return true;
  }
  return false;
}

function theCorpusWorks(running: Running, major: number): void {
  test('the corpus is broad', () => {
    assert.ok(ALL.length >= 300, `${ALL.length} attacks`);
    const names = new Set(ALL.map((attack) => `${attack.class} ${attack.name}`));
    assert.equal(names.size, ALL.length, 'names are unique');
    for (const number of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21]) {
      assert.ok(ALL.filter((attack) => attack.class === number).length >= 5, `class ${number} has too few`);
    }
  });

  test('the corpus works on a bare server', { timeout: 120_000 }, async (t) => {
    const url = running().server.url('shop');
    const delivered = new Set<Attack>();
    await inParallel(ALL, 3, async (attack) => {
      if (await delivers(url, attack)) delivered.add(attack);
    });
    const understood = ALL.filter((attack) => fits(attack, major));
    const others = ALL.filter((attack) => !fits(attack, major));
    t.diagnostic(
      `PostgreSQL ${major}: ${delivered.size} of ${understood.length} deliver the secret without Postern; ` +
        `${others.length} more are for other versions`,
    );
    // a mark that is wrong would excuse a case from the share below
    const mistaken = others.filter((attack) => delivered.has(attack)).map((attack) => attack.name);
    assert.deepEqual(mistaken, [], 'marked for other versions, and works on this one');
    const marked = understood.filter((attack) => isMarked(attack) && !delivered.has(attack));
    assert.deepEqual(
      marked.map((attack) => attack.name).filter((name) => !QUIET.has(name)),
      [],
      'marked for this version, and does not work on it',
    );
    assert.ok(delivered.size >= understood.length * BARE_SHARE, `only ${delivered.size} deliver the secret`);
  });
}

function isMarked(attack: Attack): boolean {
  return attack.since !== undefined || attack.until !== undefined;
}

function whatIsOpenIsOpen(running: Running): void {
  test('what docs/threat-model.md calls open is open: values', async (t) => {
    const harness = running();
    const denying = autoDecide(harness, 'deny');
    for (const attack of OPEN_VALUES) {
      await t.test(attack.name, async () => {
        assert.notEqual(
          await play(harness.agentUrl, attack, 'simple', detect),
          null,
          'it is closed: move it to cases/',
        );
      });
    }
    await denying.stop();
  });
}

function startUpIsRefused(running: Running): void {
  test('start-up settings that would open a way are refused', async (t) => {
    const harness = running();
    for (const options of [
      '-c client_min_messages=log',
      '-c standard_conforming_strings=off',
      '-c session_authorization=postgres',
      '-c debug_print_plan=on',
      '-c role=pg_read_all_data',
    ]) {
      await t.test(options, async () => {
        const client = new pg.Client({ connectionString: harness.agentUrl, options });
        client.on('error', () => undefined);
        await assert.rejects(client.connect());
      });
    }
    const replication = new pg.Client({
      connectionString: harness.agentUrl,
      replication: 'database',
    } as pg.ClientConfig);
    replication.on('error', () => undefined);
    await assert.rejects(replication.connect());
  });
}
