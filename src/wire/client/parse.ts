/**
 * Parse (`P`): String name, String query, Int16 n, n × Int32 type OID. Source: PostgreSQL docs, "Message
 * Formats".
 */

import { serialize } from 'pg-protocol/dist/serializer.js';
import { BodyReader } from '../body-reader.ts';
import { BodyWriter, noNul } from '../body-writer.ts';
import { MAX_IDENTIFIER_BYTES, MAX_PARAMETERS } from '../limits.ts';
import { violation } from '../violation.ts';
import { CLIENT_TYPE } from './types.ts';

export type Parse = {
  /** Empty for the unnamed statement. Never cut: the protocol's names have no length limit. */
  readonly name: string;
  readonly sql: string;
  /** Type OIDs; 0 leaves a type to the server. May be shorter than the parameters there are. */
  readonly parameterTypes: readonly number[];
};

/** @throws PosternError `protocol-violation`, `unparsable-encoding` */
export function decodeParse(buffer: Buffer, start: number, end: number): Parse {
  const body = new BodyReader('Parse', CLIENT_TYPE.parse, buffer, start, end);
  const name = body.name();
  const sql = body.string();
  const count = body.uint16();
  // Before the list is made, so that a count alone allocates nothing.
  if (body.remaining !== count * 4) throw violation('Parse has a wrong number of parameter types');
  const parameterTypes: number[] = [];
  for (let i = 0; i < count; i += 1) parameterTypes.push(body.uint32());
  body.finish();
  return { name, sql, parameterTypes };
}

/** @throws PosternError `protocol-violation` for a NUL in name or text, or too many types */
export function encodeParse(message: Parse): Buffer {
  const { name, sql, parameterTypes } = message;
  if (parameterTypes.length > MAX_PARAMETERS) throw violation('too many parameter types');
  if (name.length <= MAX_IDENTIFIER_BYTES) {
    return serialize.parse({ name: noNul(name), text: noNul(sql), types: [...parameterTypes] });
  }
  // The library prints a warning, name included, for longer names; PostgreSQL takes them as they are.
  const writer = new BodyWriter().string(name).string(sql).int16(parameterTypes.length);
  for (const oid of parameterTypes) writer.int32(oid);
  return writer.frame(CLIENT_TYPE.parse);
}
