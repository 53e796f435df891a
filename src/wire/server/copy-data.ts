/** CopyData (`d`): Byten; need not align with rows. Source: PostgreSQL docs, "Message Formats". */

import { BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { SERVER_TYPE } from './types.ts';

/** The data of a whole frame, not copied. @throws PosternError `protocol-violation` */
export function decodeCopyData(buffer: Buffer, start: number, end: number): Buffer {
  return new BodyReader('CopyData', SERVER_TYPE.copyData, buffer, start, end).rest();
}

/** The data is copied into the frame. */
export function encodeCopyData(data: Buffer): Buffer {
  return new BodyWriter().bytes(data).frame(SERVER_TYPE.copyData);
}
