/**
 * The corpus of attempts to get a masked value out, played end to end. Every request that is held is denied
 * as it appears. Whatever happens, the secret is in no byte that the server side sent.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { SECRET, startHarness, type Harness } from '../e2e/harness.ts';
import { MESSAGES } from './cases/messages.ts';
import { BY_PROTOCOL } from './cases/protocol.ts';
import { READING } from './cases/reading.ts';
import { WRITING } from './cases/writing.ts';
import { detectorOf } from './detector.ts';
import { OPEN_VALUES } from './known-open.ts';
import { autoDecide, inParallel, modesOf, play } from './runner.ts';
import { RULES, SCHEMA } from './schema.ts';
import type { Attack } from './case.ts';

const ALL: readonly Attack[] = [...READING, ...WRITING, ...MESSAGES, ...BY_PROTOCOL];
/** Sessions at once. */
const WIDTH = 4;
/** Part of the corpus that must deliver the secret on a bare server, or the corpus proves nothing. */
const BARE_SHARE = 0.8;

const detect = detectorOf(SECRET);
let harness: Harness;
before(async () => {
  harness = await startHarness({ rules: RULES, schema: SCHEMA });
});
after(() => harness.stop());

test('the detector finds the secret in every dress, and not in what is masked', () => {
  const hex = Buffer.from(SECRET).toString('hex');
  const dresses = [
    SECRET,
    SECRET.toUpperCase(),
    SECRET.toLowerCase(),
    [...SECRET].toReversed().join(''),
    hex,
    hex.toUpperCase(),
    Buffer.from(`x${SECRET}y`).toString('base64'),
    Buffer.from(`xy${SECRET}z`).toString('base64'),
    Buffer.from(`${SECRET}12`).toString('base64'),
    SECRET.slice(3, 11),
    [...SECRET].join(','),
    [...SECRET].join('\0'),
    [...Buffer.from(SECRET)].join(','),
  ];
  for (const dress of dresses) assert.notEqual(detect(Buffer.from(`before ${dress} after`)), null, dress);
  for (const clean of ['****', '****om', 'name 1', 'select ssn from customers'])
    assert.equal(detect(Buffer.from(clean)), null);
});

test('no attack gets the secret', { timeout: 120_000 }, async (t) => {
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

test('the corpus is broad, and works on a bare server', { timeout: 120_000 }, async () => {
  assert.ok(ALL.length >= 300, `${ALL.length} attacks`);
  assert.equal(
    new Set(ALL.map((attack) => `${attack.class} ${attack.name}`)).size,
    ALL.length,
    'names are unique',
  );
  for (const number of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21]) {
    assert.ok(ALL.filter((attack) => attack.class === number).length >= 5, `class ${number} has too few`);
  }
  let delivered = 0;
  await inParallel(ALL, 3, async (attack) => {
    for (const mode of modesOf(attack)) {
      const found = await play(harness.server.url('shop'), attack, mode, detect).catch(() => null);
      if (found === null) continue;
      delivered += 1;
      return;
    }
  });
  assert.ok(
    delivered >= ALL.length * BARE_SHARE,
    `only ${delivered} of ${ALL.length} deliver the secret without Postern`,
  );
});

test('what docs/threat-model.md calls open is open: values', async (t) => {
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

test('start-up settings that would open a way are refused', async (t) => {
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
