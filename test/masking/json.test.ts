import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseJsonPath } from '../../src/config/json-path.ts';
import { JSON_MAX_BYTES, JSON_MAX_DEPTH } from '../../src/masking/limits.ts';
import type { JsonMask, JsonPath, MaskFunction } from '../../src/policy/rules.ts';
import { maskedBytes, maskedText } from './support.ts';

const JSON_TYPE = { typeOid: 114, format: 0 } as const;

function path(text: string): JsonPath {
  const reading = parseJsonPath(text);
  if (reading.kind === 'invalid') throw new Error(reading.message);
  return reading.pattern;
}
const json = (paths: string, mask: JsonMask = 'redact'): MaskFunction => ({
  kind: 'json',
  paths: paths.split(/ (?=\$)/).map(path),
  with: mask,
});
const masked = (paths: string, value: string, mask: JsonMask = 'redact'): string | null =>
  maskedText(json(paths, mask), value, JSON_TYPE);

describe('json masks', () => {
  it('replace what is at the paths and nothing else, to the byte', () => {
    const rows: readonly (readonly [paths: string, value: string, expected: string])[] = [
      ['$.a', '{"a":1,"b":2}', '{"a":"****","b":2}'],
      [
        '$.a',
        ' { "b" : 12345678901234567890.10 , "a" : { "c" : [ ] } } ',
        ' { "b" : 12345678901234567890.10 , "a" : "****" } ',
      ],
      ['$.a', '{"a":1,"a":2,"A":3}', '{"a":"****","a":"****","A":3}'],
      ['$.a', '{"\\u0061":"x","b":"\\u0061"}', '{"\\u0061":"****","b":"\\u0061"}'],
      [
        '$."ä\\"" $."first name"',
        '{"ä\\"":1,"first name":2,"first":3}',
        '{"ä\\"":"****","first name":"****","first":3}',
      ],
      [
        '$.items[*].card',
        '{"items":[{"card":"4"},{"x":{"card":1}},{"card":[1,2]}]}',
        '{"items":[{"card":"****"},{"x":{"card":1}},{"card":"****"}]}',
      ],
      ['$.*.iban', '{"a":{"iban":1},"b":2,"c":"x"}', '{"a":{"iban":"****"},"b":2,"c":"x"}'],
      ['$.*', '{"a":1,"b":[2]}', '{"a":"****","b":"****"}'],
      ['$[*]', '[1,"x",null,{}]', '["****","****",null,"****"]'],
      ['$.a $.a.b', '{"a":{"b":1}}', '{"a":"****"}'],
      ['$.a', '{"a":null}', '{"a":null}'],
      ['$.a', '{"b":{"a":1}}', '{"b":{"a":1}}'],
      ['$.a', '{}', '{}'],
    ];
    for (const [paths, value, expected] of rows) assert.equal(masked(paths, value), expected, value);
    assert.equal(masked('$.a', '{"a":1,"b":2}', 'null'), '{"a":null,"b":2}');
  });

  it('mask more, not less, where the form is another than the path expects', () => {
    assert.equal(masked('$.a', '[{"a":1},[{"a":2}]]'), '[{"a":"****"},[{"a":"****"}]]');
    assert.equal(masked('$.items[*].card', '{"items":{"card":1,"x":2}}'), '{"items":{"card":"****","x":2}}');
    assert.equal(masked('$.items[*]', '{"items":{"card":1}}'), '{"items":"****"}');
    assert.equal(masked('$.items[*]', '{"items":5}'), '{"items":"****"}');
    assert.equal(masked('$.user.email', '{"user":"{\\"email\\":1}"}'), '{"user":"****"}');
    assert.equal(masked('$.a', '"{}"'), '"****"');
    assert.equal(masked('$.a', 'null'), 'null');
  });

  it('hash a string as the same text in a column', () => {
    const hashed = maskedText({ kind: 'hash' }, 'grüß"', { typeOid: 25, format: 0 });
    assert.equal(masked('$.a', '{"a":"gr\\u00fc\\u00df\\""}', 'hash'), `{"a":"${hashed}"}`);
    assert.equal(masked('$.a', '{"a":"x"}', 'hash'), masked('$.a', '{"a":"\\u0078"}', 'hash'));
    assert.notEqual(masked('$.a', '{"a":[1]}', 'hash'), masked('$.a', '{"a":[2]}', 'hash'));
  });

  it('give NULL for what is no JSON, too large or too deep', () => {
    for (const value of [
      '',
      ' ',
      '{',
      '{"a":1',
      '{"a":1}}',
      '{"a" 1}',
      '{"a":1,}',
      '[1,]',
      '[1 2]',
      '{a:1}',
      "{'a':1}",
      '01',
      '1.',
      '.5',
      '+1',
      '1e',
      '-',
      'nul',
      'nulll',
      'NaN',
      '"',
      '"\\x"',
      '"\\u12g4"',
      '"\n"',
      '{"a":1}//',
      '\u00a01',
      '{"b":tru}',
    ])
      assert.equal(masked('$.a', value), null, value);
    for (const bytes of ['22ff22', '22c322', '22eda08022'])
      assert.equal(maskedText(json('$[*].a'), Buffer.from(bytes, 'hex'), JSON_TYPE), null, bytes);
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    for (const paths of ['$.a', '$[*].*.a']) {
      assert.notEqual(masked(paths, nested(JSON_MAX_DEPTH)), null);
      assert.equal(masked(paths, nested(JSON_MAX_DEPTH + 1)), null);
      assert.equal(masked(paths, nested(400_000)), null);
    }
    assert.equal(masked('$.a', `"${'x'.repeat(JSON_MAX_BYTES)}"`), null);
  });

  it('stay in their room where every value is as short as can be', () => {
    for (const mask of ['null', 'redact', 'hash'] as const) {
      const ones = `[${Array.from({ length: 500 }, () => 1).join(',')}]`;
      assert.ok((maskedText(json('$[*]', mask), ones, JSON_TYPE) ?? '').length > ones.length);
    }
  });

  it('know jsonb’s binary form', () => {
    const jsonb = { typeOid: 3802, format: 1 } as const;
    assert.equal(maskedText(json('$.a'), '\u0001{"a": 1}', jsonb), '\u0001{"a": "****"}');
    for (const value of ['{"a": 1}', '\u0002{"a": 1}', '', '\u0001'])
      assert.equal(maskedText(json('$.a'), value, jsonb), null);
    assert.equal(maskedText(json('$.a'), '{"a": 1}', { typeOid: 3802, format: 0 }), '{"a": "****"}');
    assert.equal(maskedText(json('$.a'), '{"a": 1}', { typeOid: 25, format: 0 }), '****');
  });

  const SECRET = 'Zx9SECRET';
  const paths = ['$.a', '$.a.b', '$.a[*].b', '$.*.b', '$[*]', '$."ü".a', '$.b[*][*]'];

  /** A path on its way: what is left of it, and whether only `.*` led here. */
  type Walk = { readonly steps: JsonPath; readonly loose: boolean };

  /** What the lax rules mean, on values instead of bytes. */
  function reference(value: unknown, active: readonly Walk[]): unknown {
    const on = ({ steps }: Walk, kind: string): boolean => steps[0]?.kind === kind;
    const next = ({ steps }: Walk): Walk => ({ steps: steps.slice(1), loose: steps[0]?.kind === 'members' });
    if (value === null || active.length === 0) return value;
    if (active.some(({ steps }) => steps.length === 0)) return '****';
    if (Array.isArray(value)) {
      const inside = active.map((walk) => (on(walk, 'elements') ? next(walk) : walk));
      return value.map((one) => reference(one, inside));
    }
    if (typeof value !== 'object') return active.every(({ loose }) => loose) ? value : '****';
    let here = active;
    while (here.some((walk) => on(walk, 'elements')))
      here = here.map((walk) => (on(walk, 'elements') ? next(walk) : walk));
    if (here.some(({ steps }) => steps.length === 0)) return '****';
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => {
        const fits = here.filter(
          (walk) => on(walk, 'members') || (walk.steps[0]?.kind === 'member' && walk.steps[0].name === name),
        );
        return [name, reference(one, fits.map(next))];
      }),
    );
  }

  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'medium' },
      fc.constantFrom<unknown>(null, true, 5, 'x', SECRET),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c', 'ü'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).value;

  it('agree with the rules applied to values', () => {
    fc.assert(
      fc.property(value, fc.subarray(paths, { minLength: 1 }), fc.constantFrom(0, 2), (one, some, indent) => {
        const written = JSON.stringify(one, null, indent);
        const result = masked(some.join(' '), written);
        assert.deepEqual(
          JSON.parse(result!),
          reference(
            one,
            some.map((text) => ({ steps: path(text), loose: false })),
          ),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('take what JSON.parse takes, and never throw', () => {
    const written = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }).map((s) => Buffer.from(s)),
      fc.stringMatching(/^[{}[\]",:\\u0-9eE.+\-ntrfalse ]{0,20}$/).map((s) => Buffer.from(s)),
      value.map((one) => Buffer.from(JSON.stringify(one))),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(written, fc.nat(40), fc.nat(255), fc.boolean(), (bytes, at, byte, change) => {
        const input = Buffer.from(bytes);
        if (change && at < input.length) input[at] = byte;
        const text = input.toString('utf8');
        let valid = Buffer.from(text).equals(input);
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        for (const mask of ['$.a', '$[*].*'])
          assert.equal(maskedBytes(json(mask), input, JSON_TYPE) !== null, valid, JSON.stringify(text));
      }),
      { numRuns: 2000 },
    );
  });
});
