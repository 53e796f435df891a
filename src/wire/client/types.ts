/**
 * The messages a client may send: type byte → name and the largest length field. What is not here is unknown
 * and ends the session. Source: PostgreSQL docs, "Message Formats"; limits as in `SocketBackend`,
 * tcop/postgres.c.
 */

import { MAX_CLIENT_MESSAGE, MAX_PASSWORD_MESSAGE, MAX_SMALL_CLIENT_MESSAGE } from '../limits.ts';

export const CLIENT_TYPE = {
  bind: 0x42, // B
  close: 0x43, // C
  copyData: 0x64, // d
  copyDone: 0x63, // c
  copyFail: 0x66, // f
  describe: 0x44, // D
  execute: 0x45, // E
  flush: 0x48, // H
  functionCall: 0x46, // F
  parse: 0x50, // P
  password: 0x70, // p: PasswordMessage, SASLInitialResponse and SASLResponse, by the state
  query: 0x51, // Q
  sync: 0x53, // S
  terminate: 0x58, // X
} as const;

export type ClientMessageName =
  | 'Bind'
  | 'Close'
  | 'CopyData'
  | 'CopyDone'
  | 'CopyFail'
  | 'Describe'
  | 'Execute'
  | 'Flush'
  | 'FunctionCall'
  | 'Parse'
  | 'Password'
  | 'Query'
  | 'Sync'
  | 'Terminate';

export type ClientMessageInfo = { readonly name: ClientMessageName; readonly maxLength: number };

export const CLIENT_MESSAGES: ReadonlyMap<number, ClientMessageInfo> = new Map<number, ClientMessageInfo>([
  [CLIENT_TYPE.bind, { name: 'Bind', maxLength: MAX_CLIENT_MESSAGE }],
  [CLIENT_TYPE.close, { name: 'Close', maxLength: MAX_SMALL_CLIENT_MESSAGE }],
  [CLIENT_TYPE.copyData, { name: 'CopyData', maxLength: MAX_CLIENT_MESSAGE }],
  [CLIENT_TYPE.copyDone, { name: 'CopyDone', maxLength: MAX_SMALL_CLIENT_MESSAGE }],
  [CLIENT_TYPE.copyFail, { name: 'CopyFail', maxLength: MAX_SMALL_CLIENT_MESSAGE }],
  [CLIENT_TYPE.describe, { name: 'Describe', maxLength: MAX_SMALL_CLIENT_MESSAGE }],
  [CLIENT_TYPE.execute, { name: 'Execute', maxLength: MAX_SMALL_CLIENT_MESSAGE }],
  [CLIENT_TYPE.flush, { name: 'Flush', maxLength: MAX_SMALL_CLIENT_MESSAGE }],
  [CLIENT_TYPE.functionCall, { name: 'FunctionCall', maxLength: MAX_CLIENT_MESSAGE }],
  [CLIENT_TYPE.parse, { name: 'Parse', maxLength: MAX_CLIENT_MESSAGE }],
  [CLIENT_TYPE.password, { name: 'Password', maxLength: MAX_PASSWORD_MESSAGE }],
  [CLIENT_TYPE.query, { name: 'Query', maxLength: MAX_CLIENT_MESSAGE }],
  [CLIENT_TYPE.sync, { name: 'Sync', maxLength: MAX_SMALL_CLIENT_MESSAGE }],
  [CLIENT_TYPE.terminate, { name: 'Terminate', maxLength: MAX_SMALL_CLIENT_MESSAGE }],
]);

const LENGTHS = new Uint32Array(256);
for (const [type, { maxLength }] of CLIENT_MESSAGES) LENGTHS[type] = maxLength;
LENGTHS[CLIENT_TYPE.password] = 0;

/**
 * For FrameReader, once the client is authenticated: a password message is then as unknown as any other byte.
 */
export function clientMaxLength(type: number): number {
  return LENGTHS[type] ?? 0;
}

/** For FrameReader, while the client authenticates: nothing else may come. */
export function clientAuthenticationMaxLength(type: number): number {
  return type === CLIENT_TYPE.password ? MAX_PASSWORD_MESSAGE : 0;
}
