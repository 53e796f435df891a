import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PosternError } from '../../src/errors.ts';
import {
  decodeRowDescription,
  encodeRowDescription,
  RowDescriptionScanner,
  type FieldDescription,
} from '../../src/wire/server/row-description.ts';

const id: FieldDescription = {
  name: 'id',
  tableOid: 4_000_000_000,
  attnum: -1,
  typeOid: 20,
  typeSize: -2,
  typeModifier: -1,
  format: 1,
};

const violated = (error: unknown): boolean =>
  error instanceof PosternError && error.code === 'protocol-violation';

describe('RowDescriptionScanner', () => {
  it('walks one message after the other, in place', () => {
    const scanner = new RowDescriptionScanner();
    const other = { ...id, name: 'grüße', tableOid: 5, attnum: 2, format: 0 };
    for (const fields of [[id, other], [other], []]) {
      const bytes = encodeRowDescription(fields);
      scanner.open(bytes, 0, bytes.length);
      assert.equal(scanner.count, fields.length);
      for (const field of fields) {
        assert.ok(scanner.next());
        const { tableOid, attnum, typeOid, typeSize, typeModifier, format } = scanner;
        const name = bytes.toString('utf8', scanner.nameStart, scanner.nameEnd);
        assert.deepEqual({ name, tableOid, attnum, typeOid, typeSize, typeModifier, format }, field);
      }
      assert.ok(!scanner.next());
    }
  });

  it('gives the same as the decoder for 1,664 columns', () => {
    const fields = Array.from({ length: 1_664 }, (_, i) => ({ ...id, name: `c${i}`, attnum: i }));
    const bytes = encodeRowDescription(fields);
    assert.deepEqual(decodeRowDescription(bytes, 0, bytes.length), fields);
    assert.throws(() => encodeRowDescription([...fields, id]), violated);
  });
});
