import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { parseJsonPath } from '../../src/config/json-path.ts';
import { DATE_UNITS } from '../../src/policy/rules.ts';
import type { MaskFunction } from '../../src/policy/rules.ts';
import { startPostgres } from '../../fixtures/postgres/embedded.ts';
import type { EmbeddedPostgres } from '../../fixtures/postgres/embedded.ts';
import { maskedBytes } from './support.ts';

type Case = {
  readonly type: string;
  readonly typeOid: number;
  /** The function that makes a value's binary form. */
  readonly send: string;
  readonly values: readonly string[];
  readonly masks: readonly { readonly fn: MaskFunction; readonly expected: string }[];
};

const rounded = (roundTo: number, expected = `trunc(v::numeric / ${roundTo}) * ${roundTo}`) => ({
  fn: { kind: 'number', roundTo } as const,
  expected,
});
const cut = (
  expected: (unit: string) => string,
  units: readonly (typeof DATE_UNITS)[number][] = DATE_UNITS,
) => units.map((truncate) => ({ fn: { kind: 'date', truncate } as const, expected: expected(truncate) }));

function paths(...written: string[]) {
  return written.map((text) => {
    const reading = parseJsonPath(text);
    assert.ok(reading.kind === 'ok');
    return reading.pattern;
  });
}
const document = { fn: { kind: 'json', paths: paths('$.a', '$.b[*].c'), with: 'redact' } as const };
const DOCUMENTS = [
  '{"a": 12345678901234567890.100, "d": 12345678901234567890.100}',
  '{"b": [{"c": 1, "d": 1e2}, {"c": null}], "ü": "\\u00fc"}',
];
const REPLACED = `case when v::text like '%"a"%' then '{"a": "****", "d": 12345678901234567890.100}'
  else replace(v::text, '"c": 1', '"c": "****"') end`;

const TIMES = [
  '2024-05-16 13:45:59.123456',
  '0001-01-02 00:00:00',
  '294276-12-31 23:59:59.999999',
  '1999-12-31 23:30:00',
  '2024-02-29 00:00:00',
];
/** By way of numeric, a float4 would lose digits. */
const roundedFloat = rounded(1000, 'trunc(v::float8 / 1000) * 1000');
const FLOATS = ['0', '-0', '1234.5', '-999999.75', '123456', '1e6', '-1e-30'];

const CASES: readonly Case[] = [
  {
    type: 'int2',
    typeOid: 21,
    send: 'int2send',
    values: ['0', '-32768', '32767', '999'],
    masks: [rounded(1000), rounded(7)],
  },
  {
    type: 'int4',
    typeOid: 23,
    send: 'int4send',
    values: ['-2147483648', '2147483647', '12345'],
    masks: [rounded(1000), rounded(7)],
  },
  {
    type: 'int8',
    typeOid: 20,
    send: 'int8send',
    values: ['-9223372036854775808', '9223372036854775807', '5'],
    masks: [rounded(1000), rounded(7)],
  },
  { type: 'float4', typeOid: 700, send: 'float4send', values: FLOATS, masks: [roundedFloat] },
  {
    type: 'float8',
    typeOid: 701,
    send: 'float8send',
    values: [...FLOATS, '9007199254740991'],
    masks: [roundedFloat],
  },
  {
    type: 'numeric',
    typeOid: 1700,
    send: 'numeric_send',
    values: [
      '0',
      '0.0001',
      '-99999.99999',
      '123456789012345678901234567890.123',
      '1e30',
      '10000',
      '-40000000',
    ],
    masks: [rounded(1000), rounded(7, 'v - v % 7 - (v - v % 7) % 1')],
  },
  {
    type: 'date',
    typeOid: 1082,
    send: 'date_send',
    values: ['2024-05-16', '0001-01-01', '5874897-12-31', '2000-02-29'],
    // date_trunc takes timestamps, which end before dates do
    masks: cut(
      (
        unit,
      ) => `case when v > '294276-12-31' then case when '${unit}' = 'week' then v - extract(isodow from v)::int + 1
        else make_date(extract(year from v)::int, case '${unit}' when 'year' then 1 when 'quarter' then 10 else 12 end, 1) end
        else date_trunc('${unit}', v::timestamp)::date end`,
      ['year', 'quarter', 'month', 'week'],
    ),
  },
  {
    type: 'timestamp',
    typeOid: 1114,
    send: 'timestamp_send',
    values: TIMES,
    masks: cut((unit) => `date_trunc('${unit}', v)`),
  },
  {
    type: 'timestamptz',
    typeOid: 1184,
    send: 'timestamptz_send',
    values: TIMES.map((time) => `${time}+00`).concat('2024-07-01 00:30:00+02'),
    masks: cut((unit) => `date_trunc('${unit}', v at time zone 'UTC') at time zone 'UTC'`),
  },
  {
    type: 'json',
    typeOid: 114,
    send: 'json_send',
    values: DOCUMENTS,
    masks: [{ ...document, expected: `(${REPLACED})::json` }],
  },
  {
    type: 'jsonb',
    typeOid: 3802,
    send: 'jsonb_send',
    values: DOCUMENTS,
    masks: [{ ...document, expected: `(${REPLACED})::jsonb` }],
  },
];

describe('masked values at a real server', () => {
  let server: EmbeddedPostgres;
  let client: pg.Client;

  before(async () => {
    server = await startPostgres();
    client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    await client.query(`set time zone 'America/New_York'`);
  });

  after(async () => {
    await client?.end();
    await server?.stop();
  });

  for (const { type, typeOid, send, values, masks } of CASES) {
    it(`are values of ${type}, and the ones meant`, async () => {
      for (const value of values) {
        for (const { fn, expected } of masks) {
          const { rows } = await client.query<{ text: string; binary: Buffer; meant: string }>(
            `select v::text as text, ${send}(v) as binary, ((${expected})::${type})::text as meant
             from (select '${value}'::${type} as v) as one`,
          );
          const row = rows[0]!;
          for (const format of [0, 1] as const) {
            const masked = maskedBytes(fn, format === 0 ? row.text : row.binary, { typeOid, format });
            assert.ok(masked !== null, `${value} ${JSON.stringify(fn)}`);
            // the driver sends Buffers in binary format
            const sent = format === 0 ? masked.toString() : masked;
            const back = await client.query<{ text: string }>(`select ($1::${type})::text as text`, [sent]);
            const zero = (text: string): string =>
              text === '-0' ? '0' : text.replace(/^(-?\d+)\.0*$/, '$1');
            assert.equal(
              zero(back.rows[0]!.text),
              zero(row.meant),
              `${value} ${JSON.stringify(fn)} ${format}`,
            );
          }
        }
      }
    });
  }

  it('are NULL for dates in every style but ISO', async () => {
    for (const style of ['SQL, DMY', 'SQL, MDY', 'Postgres, DMY', 'Postgres, MDY', 'German']) {
      await client.query(`set datestyle = '${style}'`);
      const { rows } = await client.query<{ text: string }>(
        `select '2024-05-16'::date::text as text union all select '12024-05-16'::date::text
         union all select '2024-05-16 13:45:59'::timestamp::text union all select '2024-05-16 13:45:59+00'::timestamptz::text`,
      );
      for (const { text } of rows) {
        for (const typeOid of [1082, 1114, 1184])
          assert.equal(
            maskedBytes({ kind: 'date', truncate: 'year' }, text, { typeOid, format: 0 }),
            null,
            text,
          );
      }
    }
    await client.query('reset datestyle');
  });
});
