/** Describe (`D`): Byte1 `S` or `P`, String name. Source: PostgreSQL docs, "Message Formats". */

import { serialize } from 'pg-protocol/dist/serializer.js';
import { BodyReader } from '../body-reader.ts';
import { noNul } from '../body-writer.ts';
import { readTarget, type Target } from './target.ts';
import { CLIENT_TYPE } from './types.ts';

export type Describe = Target;

/** @throws PosternError `protocol-violation`, `unparsable-encoding` */
export function decodeDescribe(buffer: Buffer, start: number, end: number): Describe {
  return readTarget(new BodyReader('Describe', CLIENT_TYPE.describe, buffer, start, end));
}

/** @throws PosternError `protocol-violation` for a NUL in the name */
export function encodeDescribe(message: Describe): Buffer {
  return serialize.describe({ type: message.what, name: noNul(message.name) });
}
