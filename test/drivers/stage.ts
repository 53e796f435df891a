/** What the drivers talk to: one PostgreSQL with fixed contents, and Postern before it with and without TLS. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_KEYS } from '../../src/policy/rules.ts';
import { startHarness, type Harness } from '../e2e/harness.ts';

/** Planted in the masked column. */
export const SECRET = 'zqx7SECRETplum';

// To see a masked column is never simply allowed.
const ALL = DEFAULT_KEYS.filter((key) => key !== 'unmask');
export const ALLOW_ALL = `version: 1\ndefaults: { ${ALL.map((action) => `${action}: allow`).join(', ')} }\n`;
export const MASKED = `version: 1
masks:
  - { name: email, columns: [public.people.email], with: redact }
rules:
  - { name: deletions are asked for, when: { action: write, relation: public.doomed }, then: hold, expires: 30s }
  - { name: some are refused, when: { action: write, relation: public.doomed_too }, then: hold, expires: 30s }
defaults: { export: allow }
`;

const SCHEMA = `
  create type mood as enum ('sad', 'happy');
  create table things (id int primary key, name text not null default 'unnamed', amount numeric(10, 2), tags text[],
    doc jsonb, at timestamptz, raw bytea, flag boolean, ratio double precision);
  create index things_name on things (name);
  insert into things values
    (1, 'first', 1.50, array['a', 'b'], '{"a": [1, 2]}', '2020-01-02 03:04:05+00', '\\x00ff', true, 1.25),
    (2, 'sécond €', null, '{}', 'null', null, '', false, 'NaN'),
    (3, 'it''s', -99999.99, array[null, 'x y', '"'], '[]', '2038-01-19 03:14:08.123456+02', null, null, '-Infinity');
  create view big_things as select id, name from things where amount > 1;
  create function double_it(int) returns int language sql immutable as 'select $1 * 2';
  create table scratch (a int, b text);
  create table people (id int primary key, email text);
  insert into people select i, '${SECRET}' || i || '@example.com' from generate_series(1, 5) i;
  create table doomed (id int);
  create table doomed_too (id int);
`;

export type Stage = {
  readonly harness: Harness;
  /** Puts the tables that programs change back to what they were. */
  reset(): Promise<void>;
  stop(): Promise<void>;
};

export async function openStage(module: string): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-drivers-'));
  const cert = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  const made = spawnSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
    '-keyout',
    key,
    '-out',
    cert,
  ]);
  if (made.status !== 0) throw new Error('openssl could not make a certificate');
  const harness = await startHarness({
    rules: ALLOW_ALL,
    schema: SCHEMA,
    listen: `, tls: { cert: '${cert}', key: '${key}', required: false }`,
    limits: '{ maxStatementBytes: 16MiB, maxDenials: 1000 }',
    module,
  });
  return {
    harness,
    async reset() {
      const client = await harness.direct();
      await client.query(`drop schema if exists restored cascade; drop table if exists orm_notes;
        truncate scratch, doomed, doomed_too;
        insert into doomed select generate_series(1, 3); insert into doomed_too values (1)`);
      await client.end();
    },
    async stop() {
      await harness.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
