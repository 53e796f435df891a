import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_VERDICTS, parseRules, rulesVersion } from '../../src/config/rules-file.ts';

const FOLDER = new URL('../../fixtures/rules/', import.meta.url);

function parse(text: string) {
  return parseRules(Buffer.from(text), 'rules.yaml');
}

function ok(text: string) {
  const reading = parse(text);
  assert.equal(reading.kind, 'ok', JSON.stringify(reading));
  return reading.kind === 'ok' ? reading.rules : assert.fail();
}

for (const name of readdirSync(new URL('valid/', FOLDER))) {
  test(`valid/${name} loads`, () => {
    const bytes = readFileSync(new URL(`valid/${name}`, FOLDER));
    const reading = parseRules(bytes, name);
    assert.equal(reading.kind, 'ok', JSON.stringify(reading));
    if (reading.kind === 'ok') assert.equal(reading.rules.version, rulesVersion(bytes));
  });
}

/** Each invalid fixture says at its end what must be reported: `# expect line:column path | message | suggestion`. */
for (const name of readdirSync(new URL('invalid/', FOLDER))) {
  test(`invalid/${name} is refused with exactly its problems`, () => {
    const bytes = readFileSync(new URL(`invalid/${name}`, FOLDER));
    const expected = [...bytes.toString().matchAll(/^# expect (\d+):(\d+) (.*?) \| (.*?) \| ?(.*)$/gm)].map(
      (match) => match.slice(1),
    );
    assert.ok(expected.length > 0);
    const reading = parseRules(bytes, name);
    assert.equal(reading.kind, 'invalid');
    const problems = reading.kind === 'invalid' ? reading.problems : [];
    assert.deepEqual(
      problems.map((p) => [String(p.line), String(p.column), p.path, p.suggestion ?? '']),
      expected.map(([line, column, path, , suggestion]) => [line, column, path, suggestion]),
    );
    for (const [index, problem] of problems.entries()) {
      assert.ok(
        problem.message.includes(expected[index]?.[3] ?? '?'),
        `${problem.message} | ${expected[index]?.[3]}`,
      );
    }
  });
}

test('the smallest file gives the documented defaults', () => {
  const rules = ok('version: 1\n');
  assert.deepEqual(rules.defaults, DEFAULT_VERDICTS);
  assert.deepEqual(rules.defaults, {
    read: 'allow',
    write: 'allow',
    destructive: 'hold',
    export: 'hold',
    ddl: 'hold',
    privilege: 'hold',
    code: 'hold',
    config: 'hold',
    session: 'allow',
    unknown: 'hold',
    laundering: 'hold',
    influence: 'hold',
    unmask: 'hold',
  });
  assert.deepEqual([rules.masks, rules.rules], [[], []]);
});

test('shop.yaml means what it says', () => {
  const reading = parseRules(readFileSync(new URL('valid/shop.yaml', FOLDER)), 'shop.yaml');
  assert.ok(reading.kind === 'ok');
  assert.deepEqual(reading.rules.masks, [
    {
      name: 'contact',
      with: { kind: 'partial', keepFirst: 0, keepLast: 4 },
      columns: [
        { schema: 'public', table: 'customers', column: 'email' },
        { schema: '*', table: '*', column: 'phone' },
      ],
      searchable: [],
      visibleTo: { agents: ['billing-bot'], groups: ['privacy'] },
    },
    {
      name: 'government ids',
      with: { kind: 'null' },
      columns: [{ schema: '*', table: 'customers', column: 'ssn' }],
      searchable: [],
      visibleTo: { agents: [], groups: [] },
    },
    {
      name: 'secrets',
      with: { kind: 'redact' },
      columns: [
        { schema: '*', table: '*', column: '*_token' },
        { schema: 'odd.schema', table: 'keys', column: 'value' },
      ],
      searchable: [],
      visibleTo: { agents: [], groups: [] },
    },
  ]);
  assert.deepEqual(reading.rules.rules[0], {
    name: 'exports need a data steward',
    then: 'hold',
    when: { action: ['export'], environment: ['prod'] },
    approvers: ['data-stewards'],
    quorum: 2,
    expiresMs: 900_000,
  });
  assert.deepEqual(reading.rules.rules[1]?.when, { action: ['ddl'], command: ['drop database'] });
  assert.deepEqual(reading.rules.rules[2]?.when, { relation: [{ schema: 'hr', table: 'salaries' }] });
  assert.equal(reading.rules.defaults.config, 'deny');
});

test('null is a mask as a word, as a YAML null and as nothing', () => {
  for (const written of ['null', '"null"', '~', '']) {
    assert.deepEqual(
      ok(`version: 1\nmasks:\n  - name: a\n    columns: x\n    with: ${written}\n`).masks[0]?.with,
      { kind: 'null' },
    );
  }
  assert.equal(
    parse('version: 1\nmasks:\n  - name: a\n    columns: x\n').kind,
    'invalid',
    'left out it is missing',
  );
});

test('aliases that grow exponentially are refused', () => {
  const lines = ['version: 1', 'a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 12; i++)
    lines.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ')}]`);
  const reading = parse(lines.join('\n'));
  assert.ok(reading.kind === 'invalid' && /alias/.test(reading.problems[0]?.message ?? ''));
});

test('bytes that are no text, files too large and nested too deep are refused', () => {
  for (const bytes of [
    Buffer.from([0xff, 0xfe]),
    Buffer.alloc(2 * 1024 * 1024, 0x23),
    Buffer.from('['.repeat(100_000)),
    Buffer.alloc(0),
  ]) {
    assert.equal(parseRules(bytes, 'x').kind, 'invalid');
  }
});

test('any bytes give rules or at least one problem with a place', () => {
  const words = fc.constantFrom(
    'version',
    'masks',
    'rules',
    'defaults',
    'name',
    'when',
    'then',
    'hold',
    'allow',
    ': ',
    '\n',
    '  ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '1',
    '*',
    '&a',
    '*a',
    '!!x',
    '\t',
    '__proto__',
    'constructor',
    '#',
    '|',
    ',',
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 40 }), (parts) => {
      const reading = parse(parts.join(''));
      if (reading.kind === 'ok') return;
      assert.ok(reading.problems.length > 0);
      for (const problem of reading.problems)
        assert.ok(problem.line >= 1 && problem.column >= 1 && problem.message !== '');
    }),
    { numRuns: 500 },
  );
});
