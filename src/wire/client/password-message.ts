/** PasswordMessage (`p`): String. Source: PostgreSQL docs, "Message Formats". */

import { serialize } from 'pg-protocol/dist/serializer.js';
import { BodyReader } from '../body-reader.ts';
import { noNul } from '../body-writer.ts';
import { CLIENT_TYPE } from './types.ts';

/** @throws PosternError `protocol-violation`, `unparsable-encoding` */
export function decodePasswordMessage(
  buffer: Buffer,
  start: number,
  end: number,
): { readonly password: string } {
  const body = new BodyReader('PasswordMessage', CLIENT_TYPE.password, buffer, start, end);
  const password = body.string();
  body.finish();
  return { password };
}

/**
 * A clear password, or what `md5Password` made of it.
 * @throws PosternError `protocol-violation` for a NUL in it
 */
export function encodePasswordMessage(password: string): Buffer {
  return serialize.password(noNul(password));
}
