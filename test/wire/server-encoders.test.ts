import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PosternError } from '../../src/errors.ts';
import * as authentication from '../../src/wire/server/authentication.ts';
import { encodeBackendKeyData } from '../../src/wire/server/backend-key-data.ts';
import { encodeCommandComplete } from '../../src/wire/server/command-complete.ts';
import { encodeNegotiateProtocolVersion } from '../../src/wire/server/negotiate-protocol-version.ts';
import { encodeNotificationResponse } from '../../src/wire/server/notification-response.ts';
import { encodeParameterStatus } from '../../src/wire/server/parameter-status.ts';
import { encodeRowDescription, type FieldDescription } from '../../src/wire/server/row-description.ts';

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

describe('server strings', () => {
  it('begin no field of their own', () => {
    for (const encode of [
      () => encodeCommandComplete('x\0y'),
      () => encodeParameterStatus('x\0y', ''),
      () => encodeParameterStatus('', 'x\0y'),
      () => encodeRowDescription([{ ...id, name: 'x\0y' }]),
      () => authentication.encodeAuthenticationSasl(['']),
      () => encodeNegotiateProtocolVersion({ minor: 2, unrecognizedOptions: ['x\0y'] }),
      () => encodeNotificationResponse({ pid: 1, channel: 'x\0y', payload: '' }),
      () => encodeBackendKeyData(1, Buffer.alloc(3)),
    ]) {
      assert.throws(encode, violated);
    }
  });
});
