/**
 * CommandComplete (`C`): String tag, such as `SELECT 3` or `INSERT 0 1`. Source: PostgreSQL docs, "Message
 * Formats".
 */

import { BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { SERVER_TYPE } from './types.ts';

/** @throws PosternError `protocol-violation` */
export function decodeCommandComplete(buffer: Buffer, start: number, end: number): { readonly tag: string } {
  const body = new BodyReader('CommandComplete', SERVER_TYPE.commandComplete, buffer, start, end);
  const tag = body.lossyString();
  body.finish();
  return { tag };
}

/** @throws PosternError `protocol-violation` for a NUL in the tag */
export function encodeCommandComplete(tag: string): Buffer {
  return new BodyWriter().string(tag).frame(SERVER_TYPE.commandComplete);
}
