import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PosternError } from '../../src/errors.ts';
import { decodeErrorResponse, encodeErrorResponse } from '../../src/wire/server/error-response.ts';
import { encodeNoticeResponse } from '../../src/wire/server/notice-response.ts';
import { reportFields } from '../../src/wire/server/report.ts';
import { cat, frame } from './bytes.ts';

const violated = (error: unknown): boolean =>
  error instanceof PosternError && error.code === 'protocol-violation';

describe('reports that Postern writes', () => {
  it('reach the client even if a person typed a NUL into the reason', () => {
    const fields = reportFields({ severity: 'ERROR', sqlstate: '42501', message: 'no\0Mfake', hint: '' });
    const bytes = encodeErrorResponse(fields);
    const read = decodeErrorResponse(bytes, 0, bytes.length);
    assert.deepEqual(
      [...read],
      [
        ['S', 'ERROR'],
        ['V', 'ERROR'],
        ['C', '42501'],
        ['M', 'no\u{FFFD}Mfake'],
      ],
    );
  });

  it('take only field codes for keys', () => {
    for (const code of ['', 'MM', '\0', 'é']) {
      assert.throws(() => encodeNoticeResponse(new Map([[code, 'x']])), violated);
    }
  });

  it('are read whatever their encoding: servers speak before it is settled', () => {
    const bytes = frame('E', cat(Buffer.from('M'), Buffer.of(0xe9, 0), Buffer.of(0)));
    assert.deepEqual([...decodeErrorResponse(bytes, 0, bytes.length)], [['M', '\u{FFFD}']]);
  });
});
