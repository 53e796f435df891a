/** ParameterDescription (`t`): Int16 n, n × Int32 type OID. Source: PostgreSQL docs, "Message Formats". */

import { BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { MAX_PARAMETERS } from '../limits.ts';
import { violation } from '../violation.ts';
import { SERVER_TYPE } from './types.ts';

/** Type OIDs in parameter order. @throws PosternError `protocol-violation` */
export function decodeParameterDescription(buffer: Buffer, start: number, end: number): number[] {
  const body = new BodyReader('ParameterDescription', SERVER_TYPE.parameterDescription, buffer, start, end);
  const count = body.uint16();
  if (body.remaining !== count * 4) throw violation('ParameterDescription has a wrong number of types');
  const types: number[] = [];
  for (let i = 0; i < count; i += 1) types.push(body.uint32());
  return types;
}

/** @throws PosternError `protocol-violation` for too many types */
export function encodeParameterDescription(types: readonly number[]): Buffer {
  if (types.length > MAX_PARAMETERS) throw violation('too many parameter types');
  const writer = new BodyWriter().int16(types.length);
  for (const oid of types) writer.int32(oid);
  return writer.frame(SERVER_TYPE.parameterDescription);
}
