import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { loadSnapshot } from '../../src/catalog/load.ts';
import { resolve } from '../../src/catalog/snapshot.ts';
import type { CatalogRelation } from '../../src/catalog/snapshot.ts';
import { copyMasker } from '../../src/masking/copy/index.ts';
import { copyFields } from '../../src/masking/copy-plan.ts';
import { planRow } from '../../src/masking/plan.ts';
import type { CopyOptions } from '../../src/sql/statement.ts';
import { startPostgres } from '../../fixtures/postgres/embedded.ts';
import type { EmbeddedPostgres } from '../../fixtures/postgres/embedded.ts';
import { CSV, KEY, maskSet, pushed, TEXT } from './support.ts';

const SETUP = `
  create table t (id int, dropped text, a text, note text, n int,
    twice int generated always as (id * 2) stored, v varchar(3));
  alter table t drop column dropped;
  insert into t (id, a, note, n, v) values
    (1, 'SECRET-plain', 'x', 1, 'abc'), (2, null, null, null, null), (3, '', '', 0, ''),
    (4, E'SECRET-"quoted", \\'x\\' | ; and, commas',
      E'a\\tb\\nc\\\\d', 4, 'd,e'),
    (5, E'SECRET\\nlines\\r\\n', '\\.', 5, '"'),
    (6, '\\.', '\\N', 6, '\\N'), (7, 'NULL', '****', 7, '**'),
    (8, 'SECRET-grüße 😀', 'ü|;"''', 8, 'äöü'),
    (9, repeat('SECRET', 5000), 'long', 9, 'z');
`;

/** What the masks used here do, in SQL, so that the server itself writes the expected data. */
const MASKED = `select id, case when a is not null then '****' end as a, note, null::int as n,
  case when v is not null then '***' end as v from t`;

const VARIANTS: readonly (readonly [sql: string, options: CopyOptions])[] = [
  ['format text', TEXT],
  [`delimiter '|', header`, { ...TEXT, delimiter: '|', header: true }],
  [`delimiter '*'`, { ...TEXT, delimiter: '*' }],
  ['format csv', CSV],
  ['format csv, header', { ...CSV, header: true }],
  [
    `format csv, delimiter ';', quote '''', escape '\\'`,
    { ...CSV, delimiter: ';', quote: "'", escape: '\\' },
  ],
  [`format csv, delimiter '*', null 'NULL'`, { ...CSV, delimiter: '*', nullText: 'NULL' }],
  [`format csv, null '****'`, { ...CSV, nullText: '****' }],
  ['format csv, force_quote *', { ...CSV, forceQuote: '*' }],
  ['format csv, force_quote (a, note), header', { ...CSV, forceQuote: ['a', 'note'], header: true }],
  [`format csv, escape ','`, { ...CSV, escape: ',' }],
  ['format binary', { ...TEXT, format: 'binary' }],
];

describe('COPY from a real server', () => {
  let server: EmbeddedPostgres;
  let client: pg.Client;
  let relation: CatalogRelation;

  before(async () => {
    server = await startPostgres();
    client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    await client.query(SETUP);
    relation = resolve(await loadSnapshot(client, 'postgres', null), { schema: 'public', name: 't' })[0]!;
  });

  after(async () => {
    await client?.end();
    await server?.stop();
  });

  /** The payloads of the CopyData messages that a COPY TO STDOUT sends. */
  function copyOut(sql: string): Promise<Buffer[]> {
    return new Promise((done, failed) => {
      const chunks: Buffer[] = [];
      client.query({
        submit: (connection: { query(text: string): void }) => connection.query(sql),
        handleCopyData: (message: { chunk: Buffer }) => chunks.push(Buffer.from(message.chunk)),
        handleCommandComplete: () => undefined,
        handleReadyForQuery: () => done(chunks),
        handleError: failed,
      } as unknown as pg.Submittable);
    });
  }

  function maskAll(options: CopyOptions, chunks: readonly Buffer[]): Buffer {
    const { fields, names } = copyFields(relation, null, options.format)!;
    const attnum = (name: string): number => relation.columns.find((column) => column.name === name)!.attnum;
    const masks = maskSet([
      [relation.oid, attnum('a'), { kind: 'redact' }],
      [relation.oid, attnum('n'), { kind: 'hash' }],
      [relation.oid, attnum('v'), { kind: 'partial', keepFirst: 3, keepLast: 0 }],
    ]);
    const widths = fields.map((field, i) => (names[i] === 'v' ? { ...field, typeModifier: 7 } : field));
    const plan = planRow(widths, masks, 'clean', () => true)!;
    const masker = copyMasker(options, plan, names, KEY);
    const out = chunks.map((chunk) => pushed(masker, chunk));
    masker.end();
    assert.equal(masker.failures, 0);
    return Buffer.concat(out);
  }

  for (const [sql, options] of VARIANTS) {
    it(`is what the server writes for masked values: ${sql}`, async () => {
      const original = await copyOut(`copy t to stdout (${sql})`);
      const expected = Buffer.concat(await copyOut(`copy (${MASKED}) to stdout (${sql})`));
      assert.ok(Buffer.concat(original).includes('SECRET'));
      const whole = maskAll(options, original);
      assert.equal(whole.toString('latin1'), expected.toString('latin1'));
      const all = Buffer.concat(original);
      const pieces = Array.from({ length: Math.ceil(all.length / 13) }, (_, i) =>
        all.subarray(i * 13, i * 13 + 13),
      );
      assert.ok(maskAll(options, pieces).equals(whole));
    });
  }
});
