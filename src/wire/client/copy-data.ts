/** CopyData (`d`): Byten, any cut of the stream. Source: PostgreSQL docs, "Message Formats". */

import { serialize } from 'pg-protocol/dist/serializer.js';
import { BodyReader } from '../body-reader.ts';
import { CLIENT_TYPE } from './types.ts';

/** The data of a whole frame, not copied. @throws PosternError `protocol-violation` */
export function decodeCopyData(buffer: Buffer, start: number, end: number): Buffer {
  return new BodyReader('CopyData', CLIENT_TYPE.copyData, buffer, start, end).rest();
}

export function encodeCopyData(data: Buffer): Buffer {
  return serialize.copyData(data);
}
