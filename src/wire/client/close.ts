/** Close (`C`): Byte1 `S` or `P`, String name. Source: PostgreSQL docs, "Message Formats". */

import { serialize } from 'pg-protocol/dist/serializer.js';
import { BodyReader } from '../body-reader.ts';
import { noNul } from '../body-writer.ts';
import { readTarget, type Target } from './target.ts';
import { CLIENT_TYPE } from './types.ts';

export type Close = Target;

/** @throws PosternError `protocol-violation`, `unparsable-encoding` */
export function decodeClose(buffer: Buffer, start: number, end: number): Close {
  return readTarget(new BodyReader('Close', CLIENT_TYPE.close, buffer, start, end));
}

/** @throws PosternError `protocol-violation` for a NUL in the name */
export function encodeClose(message: Close): Buffer {
  return serialize.close({ type: message.what, name: noNul(message.name) });
}
