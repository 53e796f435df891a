/**
 * Sync (`S`), Flush (`H`), Terminate (`X`), CopyDone (`c`): messages without a body, kept in one file because
 * they differ in their type byte only. Source: PostgreSQL docs, "Message Formats".
 */

import { serialize } from 'pg-protocol/dist/serializer.js';
import { BodyReader } from '../body-reader.ts';
import { CLIENT_TYPE } from './types.ts';

/** @throws PosternError `protocol-violation` when there is a body */
export function decodeSync(buffer: Buffer, start: number, end: number): void {
  new BodyReader('Sync', CLIENT_TYPE.sync, buffer, start, end).finish();
}

/** @throws PosternError `protocol-violation` when there is a body */
export function decodeFlush(buffer: Buffer, start: number, end: number): void {
  new BodyReader('Flush', CLIENT_TYPE.flush, buffer, start, end).finish();
}

/** @throws PosternError `protocol-violation` when there is a body */
export function decodeTerminate(buffer: Buffer, start: number, end: number): void {
  new BodyReader('Terminate', CLIENT_TYPE.terminate, buffer, start, end).finish();
}

/** @throws PosternError `protocol-violation` when there is a body */
export function decodeCopyDone(buffer: Buffer, start: number, end: number): void {
  new BodyReader('CopyDone', CLIENT_TYPE.copyDone, buffer, start, end).finish();
}

// Each of these is one shared Buffer of the library: send it, never write to it.

export function encodeSync(): Buffer {
  return serialize.sync();
}

export function encodeFlush(): Buffer {
  return serialize.flush();
}

export function encodeTerminate(): Buffer {
  return serialize.end();
}

export function encodeCopyDone(): Buffer {
  return serialize.copyDone();
}
