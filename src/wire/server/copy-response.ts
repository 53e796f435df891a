/**
 * CopyInResponse (`G`) and CopyOutResponse (`H`): Int8 overall format, Int16 n, n × Int16 column format. One
 * file because they differ in their type byte only. Source: PostgreSQL docs, "Message Formats".
 */

import { BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { MAX_COLUMNS } from '../limits.ts';
import { violation } from '../violation.ts';
import { SERVER_TYPE } from './types.ts';

export type CopyResponse = {
  /** 0 text or CSV, 1 binary. */
  readonly format: number;
  /** One a column: 0 text, 1 binary. */
  readonly columnFormats: readonly number[];
};

/** @throws PosternError `protocol-violation` */
export function decodeCopyInResponse(buffer: Buffer, start: number, end: number): CopyResponse {
  return read(new BodyReader('CopyInResponse', SERVER_TYPE.copyInResponse, buffer, start, end));
}

/** @throws PosternError `protocol-violation` */
export function decodeCopyOutResponse(buffer: Buffer, start: number, end: number): CopyResponse {
  return read(new BodyReader('CopyOutResponse', SERVER_TYPE.copyOutResponse, buffer, start, end));
}

export function encodeCopyInResponse(message: CopyResponse): Buffer {
  return write(SERVER_TYPE.copyInResponse, message);
}

export function encodeCopyOutResponse(message: CopyResponse): Buffer {
  return write(SERVER_TYPE.copyOutResponse, message);
}

function read(body: BodyReader): CopyResponse {
  const format = body.uint8();
  const count = body.uint16();
  if (format > 1 || count > MAX_COLUMNS) throw violation('a COPY response is out of bounds');
  const columnFormats: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const columnFormat = body.uint16();
    if (columnFormat > 1) throw violation('a COPY response has an unknown format code');
    columnFormats.push(columnFormat);
  }
  body.finish();
  return { format, columnFormats };
}

function write(type: number, message: CopyResponse): Buffer {
  if (message.columnFormats.length > MAX_COLUMNS) throw violation('too many columns');
  const writer = new BodyWriter().uint8(message.format).int16(message.columnFormats.length);
  for (const format of message.columnFormats) writer.int16(format);
  return writer.frame(type);
}
