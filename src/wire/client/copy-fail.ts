/** CopyFail (`f`): String reason. Source: PostgreSQL docs, "Message Formats". */

import { serialize } from 'pg-protocol/dist/serializer.js';
import { BodyReader } from '../body-reader.ts';
import { noNul } from '../body-writer.ts';
import { CLIENT_TYPE } from './types.ts';

/**
 * The reason ends up in an error text: what is not UTF-8 becomes U+FFFD.
 * @throws PosternError `protocol-violation`
 */
export function decodeCopyFail(buffer: Buffer, start: number, end: number): { readonly reason: string } {
  const body = new BodyReader('CopyFail', CLIENT_TYPE.copyFail, buffer, start, end);
  const reason = body.lossyString();
  body.finish();
  return { reason };
}

/** @throws PosternError `protocol-violation` for a NUL in the reason */
export function encodeCopyFail(reason: string): Buffer {
  return serialize.copyFail(noNul(reason));
}
