/** Query (`Q`): String. Source: PostgreSQL docs, "Message Formats". */

import { serialize } from 'pg-protocol/dist/serializer.js';
import { BodyReader } from '../body-reader.ts';
import { noNul } from '../body-writer.ts';
import { CLIENT_TYPE } from './types.ts';

export type Query = { readonly sql: string };

/**
 * The frame in `buffer[start, end)`. The text ends exactly where the frame does: a NUL inside would hide what
 * follows.
 * @throws PosternError `protocol-violation`, `unparsable-encoding`
 */
export function decodeQuery(buffer: Buffer, start: number, end: number): Query {
  const body = new BodyReader('Query', CLIENT_TYPE.query, buffer, start, end);
  const sql = body.string();
  body.finish();
  return { sql };
}

/** @throws PosternError `protocol-violation` for a NUL in the text */
export function encodeQuery(sql: string): Buffer {
  return serialize.query(noNul(sql));
}
