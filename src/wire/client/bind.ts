/**
 * Bind (`B`): String portal, String statement, Int16 n, n × Int16 parameter format, Int16 n, n × (Int32
 * length, bytes; -1 for NULL), Int16 n, n × Int16 result format. Source: PostgreSQL docs, "Message Formats";
 * checks as in `exec_bind_message`, tcop/postgres.c.
 */

import { BodyReader } from '../body-reader.ts';
import { violation } from '../violation.ts';
import { CLIENT_TYPE } from './types.ts';

export type Bind = {
  readonly portal: string;
  readonly statement: string;
  /** None (all text), one (for all columns) or one a column: 0 text, 1 binary. */
  readonly resultFormats: readonly number[];
  readonly parameterCount: number;
  /**
   * The raw bytes of parameter formats and values, both counts included. Not copied: lives as long as the
   * chunk.
   */
  readonly parameters: Buffer;
};

/** @throws PosternError `protocol-violation`, `unparsable-encoding` (in a name; values are not looked at) */
export function decodeBind(buffer: Buffer, start: number, end: number): Bind {
  const body = new BodyReader('Bind', CLIENT_TYPE.bind, buffer, start, end);
  const portal = body.name();
  const statement = body.name();
  const from = body.position;
  const formatCount = body.uint16();
  for (let i = 0; i < formatCount; i += 1) readFormat(body);
  const parameterCount = body.uint16();
  if (formatCount > 1 && formatCount !== parameterCount) {
    throw violation('Bind has a wrong number of parameter formats');
  }
  for (let i = 0; i < parameterCount; i += 1) {
    const length = body.int32();
    if (length !== -1) body.pass(length);
  }
  const parameters = body.since(from);
  const resultCount = body.uint16();
  if (body.remaining !== resultCount * 2) throw violation('Bind has a wrong number of result formats');
  const resultFormats: number[] = [];
  for (let i = 0; i < resultCount; i += 1) resultFormats.push(readFormat(body));
  body.finish();
  return { portal, statement, resultFormats, parameterCount, parameters };
}

/** Only text and binary exist; another code would leave it open how a masked value is to be written. */
function readFormat(body: BodyReader): number {
  const format = body.uint16();
  if (format > 1) throw violation('Bind has an unknown format code');
  return format;
}

/**
 * The bytes of one value, in whichever format; null for NULL and for a number there is none of.
 * @param parameters as `decodeBind` gives them
 * @param number `$1` is number 1
 */
export function parameterValue(parameters: Buffer, number: number): Buffer | null {
  let at = 2 + 2 * parameters.readUInt16BE(0);
  const count = parameters.readUInt16BE(at);
  at += 2;
  for (let i = 1; i <= count; i += 1) {
    const length = parameters.readInt32BE(at);
    at += 4;
    if (i === number) return length < 0 ? null : parameters.subarray(at, at + length);
    at += Math.max(length, 0);
  }
  return null;
}
