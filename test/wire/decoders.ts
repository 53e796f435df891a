/** Every decoder by direction and type byte, for the tests that run them all. */

import * as bareClient from '../../src/wire/client/bare.ts';
import { decodeBind } from '../../src/wire/client/bind.ts';
import { decodeClose } from '../../src/wire/client/close.ts';
import { decodeCopyData as decodeClientCopyData } from '../../src/wire/client/copy-data.ts';
import { decodeCopyFail } from '../../src/wire/client/copy-fail.ts';
import { decodeDescribe } from '../../src/wire/client/describe.ts';
import { decodeExecute } from '../../src/wire/client/execute.ts';
import { decodeFunctionCall } from '../../src/wire/client/function-call.ts';
import { decodeParse } from '../../src/wire/client/parse.ts';
import { decodePasswordMessage } from '../../src/wire/client/password-message.ts';
import { decodeQuery } from '../../src/wire/client/query.ts';
import { decodeSaslInitialResponse } from '../../src/wire/client/sasl-initial-response.ts';
import { decodeSaslResponse } from '../../src/wire/client/sasl-response.ts';
import { decodeAuthentication } from '../../src/wire/server/authentication.ts';
import { decodeBackendKeyData } from '../../src/wire/server/backend-key-data.ts';
import { decodeBare } from '../../src/wire/server/bare.ts';
import { decodeCommandComplete } from '../../src/wire/server/command-complete.ts';
import { decodeCopyData } from '../../src/wire/server/copy-data.ts';
import { decodeCopyInResponse, decodeCopyOutResponse } from '../../src/wire/server/copy-response.ts';
import { decodeDataRow } from '../../src/wire/server/data-row.ts';
import { decodeErrorResponse } from '../../src/wire/server/error-response.ts';
import { decodeNegotiateProtocolVersion } from '../../src/wire/server/negotiate-protocol-version.ts';
import { decodeNoticeResponse } from '../../src/wire/server/notice-response.ts';
import { decodeNotificationResponse } from '../../src/wire/server/notification-response.ts';
import { decodeParameterDescription } from '../../src/wire/server/parameter-description.ts';
import { decodeParameterStatus } from '../../src/wire/server/parameter-status.ts';
import { decodeReadyForQuery } from '../../src/wire/server/ready-for-query.ts';
import { decodeRowDescription } from '../../src/wire/server/row-description.ts';

export type Decode = (buffer: Buffer, start: number, end: number) => unknown;

export const CLIENT_DECODERS: Readonly<Record<string, readonly Decode[]>> = {
  B: [decodeBind],
  C: [decodeClose],
  D: [decodeDescribe],
  E: [decodeExecute],
  F: [decodeFunctionCall],
  H: [bareClient.decodeFlush],
  P: [decodeParse],
  Q: [decodeQuery],
  S: [bareClient.decodeSync],
  X: [bareClient.decodeTerminate],
  c: [bareClient.decodeCopyDone],
  d: [decodeClientCopyData],
  f: [decodeCopyFail],
  p: [decodePasswordMessage, decodeSaslInitialResponse, decodeSaslResponse],
};

export const SERVER_DECODERS: Readonly<Record<string, readonly Decode[]>> = {
  1: [decodeBare],
  2: [decodeBare],
  3: [decodeBare],
  A: [decodeNotificationResponse],
  C: [decodeCommandComplete],
  D: [decodeDataRow],
  E: [decodeErrorResponse],
  G: [decodeCopyInResponse],
  H: [decodeCopyOutResponse],
  I: [decodeBare],
  K: [decodeBackendKeyData],
  N: [decodeNoticeResponse],
  R: [decodeAuthentication],
  S: [decodeParameterStatus],
  T: [decodeRowDescription],
  Z: [decodeReadyForQuery],
  c: [decodeBare],
  d: [decodeCopyData],
  n: [decodeBare],
  s: [decodeBare],
  t: [decodeParameterDescription],
  v: [decodeNegotiateProtocolVersion],
};
