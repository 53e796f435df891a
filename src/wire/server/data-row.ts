/**
 * DataRow (`D`): Int16 n, n × (Int32 length, bytes; -1 for NULL). Source: PostgreSQL docs, "Message Formats".
 * For rows Postern makes up itself; the database's own are rewritten in place by `masking` and never come
 * through here.
 */

import { BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { MAX_COLUMNS } from '../limits.ts';
import { violation } from '../violation.ts';
import { SERVER_TYPE } from './types.ts';

/** @param values a string is sent as UTF-8 text, null as NULL */
export function encodeDataRow(values: readonly (Buffer | string | null)[]): Buffer {
  if (values.length > MAX_COLUMNS) throw violation('too many columns');
  const writer = new BodyWriter().int16(values.length);
  for (const value of values) {
    if (value === null) writer.int32(-1);
    else {
      const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
      writer.int32(bytes.length).bytes(bytes);
    }
  }
  return writer.frame(SERVER_TYPE.dataRow);
}

/**
 * The values of a whole frame, not copied. One Buffer a field: not for streams.
 * @throws PosternError `protocol-violation`
 */
export function decodeDataRow(buffer: Buffer, start: number, end: number): (Buffer | null)[] {
  const body = new BodyReader('DataRow', SERVER_TYPE.dataRow, buffer, start, end);
  const count = body.uint16();
  if (count > MAX_COLUMNS) throw violation('DataRow has too many columns');
  const values: (Buffer | null)[] = [];
  for (let i = 0; i < count; i += 1) {
    const length = body.int32();
    if (length < -1) throw violation('DataRow has a negative length');
    values.push(length === -1 ? null : body.bytes(length));
  }
  body.finish();
  return values;
}
