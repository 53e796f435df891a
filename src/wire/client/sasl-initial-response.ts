/**
 * SASLInitialResponse (`p`): String mechanism, Int32 length or -1 for none, bytes. Source: PostgreSQL docs,
 * "Message Formats".
 */

import { serialize } from 'pg-protocol/dist/serializer.js';
import { BodyReader } from '../body-reader.ts';
import { noNul } from '../body-writer.ts';
import { violation } from '../violation.ts';
import { CLIENT_TYPE } from './types.ts';

export type SaslInitialResponse = {
  readonly mechanism: string;
  /** Null where the client sent none; an empty response is a response. Not copied. */
  readonly data: Buffer | null;
};

/** @throws PosternError `protocol-violation`, `unparsable-encoding` */
export function decodeSaslInitialResponse(buffer: Buffer, start: number, end: number): SaslInitialResponse {
  const body = new BodyReader('SASLInitialResponse', CLIENT_TYPE.password, buffer, start, end);
  const mechanism = body.string();
  const length = body.int32();
  if (length < -1) throw violation('SASLInitialResponse has a negative length');
  const data = length === -1 ? null : body.bytes(length);
  body.finish();
  return { mechanism, data };
}

/** @throws PosternError `protocol-violation` for a NUL in either */
export function encodeSaslInitialResponse(mechanism: string, response: string): Buffer {
  return serialize.sendSASLInitialResponseMessage(noNul(mechanism), noNul(response));
}
