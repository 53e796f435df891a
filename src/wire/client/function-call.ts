/**
 * FunctionCall (`F`): Int32 function OID, then arguments. Source: PostgreSQL docs, "Message Formats". Postern
 * denies the fast path, so only what the trail names is read.
 */

import { BodyReader } from '../body-reader.ts';
import { CLIENT_TYPE } from './types.ts';

export type FunctionCall = { readonly functionOid: number };

/** @throws PosternError `protocol-violation` */
export function decodeFunctionCall(buffer: Buffer, start: number, end: number): FunctionCall {
  return {
    functionOid: new BodyReader('FunctionCall', CLIENT_TYPE.functionCall, buffer, start, end).uint32(),
  };
}
