/**
 * BackendKeyData (`K`): Int32 pid, Byten key. Source: PostgreSQL docs, "Message Formats"; a key is 4 bytes in
 * protocol 3.0 and up to 256 in 3.2.
 */

import { BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { MAX_CANCEL_KEY, MIN_CANCEL_KEY } from '../limits.ts';
import { violation } from '../violation.ts';
import { SERVER_TYPE } from './types.ts';

export type BackendKeyData = { readonly pid: number; readonly key: Buffer };

/** The key is copied, for it outlives the chunk by far. @throws PosternError `protocol-violation` */
export function decodeBackendKeyData(buffer: Buffer, start: number, end: number): BackendKeyData {
  const body = new BodyReader('BackendKeyData', SERVER_TYPE.backendKeyData, buffer, start, end);
  const pid = body.int32();
  const key = Buffer.from(body.rest());
  checkKey(key);
  return { pid, key };
}

/** @throws PosternError `protocol-violation` for a key of a length that no client accepts */
export function encodeBackendKeyData(pid: number, key: Buffer): Buffer {
  checkKey(key);
  return new BodyWriter().int32(pid).bytes(key).frame(SERVER_TYPE.backendKeyData);
}

function checkKey(key: Buffer): void {
  if (key.length < MIN_CANCEL_KEY || key.length > MAX_CANCEL_KEY)
    throw violation('invalid length of cancel key');
}
