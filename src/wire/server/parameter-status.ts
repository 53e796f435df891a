/** ParameterStatus (`S`): String name, String value. Source: PostgreSQL docs, "Message Formats". */

import { BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { SERVER_TYPE } from './types.ts';

export type ParameterStatus = { readonly name: string; readonly value: string };

/** @throws PosternError `protocol-violation` */
export function decodeParameterStatus(buffer: Buffer, start: number, end: number): ParameterStatus {
  const body = new BodyReader('ParameterStatus', SERVER_TYPE.parameterStatus, buffer, start, end);
  const name = body.lossyString();
  const value = body.lossyString();
  body.finish();
  return { name, value };
}

/** @throws PosternError `protocol-violation` for a NUL in either */
export function encodeParameterStatus(name: string, value: string): Buffer {
  return new BodyWriter().string(name).string(value).frame(SERVER_TYPE.parameterStatus);
}
