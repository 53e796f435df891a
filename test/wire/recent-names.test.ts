/** Names that are kept are what the bytes say, whatever was read before them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyReader } from '../../src/wire/body-reader.ts';
import { asciiName } from '../../src/wire/recent-names.ts';

/** Few letters and lengths, so that many share a place. */
const name = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', '_', '1'), minLength: 1, maxLength: 4 }),
  fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 70 }),
);

test('a name is its bytes, in any order of names and at any place of a buffer', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 40 }), fc.nat(9), (names, before) => {
      for (const one of names) {
        const bytes = Buffer.from(`${'x'.repeat(before)}${one}behind`, 'latin1');
        assert.equal(asciiName(bytes, before, before + one.length), one);
      }
    }),
    { numRuns: 500 },
  );
});

test('names that are not plain ASCII are read as strings are, and refused alike', () => {
  const frame = (text: Buffer): Buffer => {
    const bytes = Buffer.alloc(5 + text.length);
    bytes.write('C', 0);
    bytes.writeUInt32BE(4 + text.length, 1);
    text.copy(bytes, 5);
    return bytes;
  };
  const reader = (text: Buffer): BodyReader => {
    const bytes = frame(text);
    return new BodyReader('Close', 0x43, bytes, 0, bytes.length);
  };
  for (const text of ['é', 'naïve', 'x'.repeat(200), '', 'plain'])
    assert.equal(reader(Buffer.from(`${text}\0`)).name(), text);
  assert.throws(() => reader(Buffer.from([0xff, 0])).name(), { code: 'unparsable-encoding' });
  assert.throws(() => reader(Buffer.from('open')).name(), { code: 'protocol-violation' });
});
