/**
 * The server's messages without a body, kept in one file because they differ in their type byte only. Source:
 * PostgreSQL docs, "Message Formats". Each is one shared Buffer: send it, never write to it.
 */

import { BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { violation } from '../violation.ts';
import { SERVER_MESSAGES, SERVER_TYPE } from './types.ts';

export const PARSE_COMPLETE = bare(SERVER_TYPE.parseComplete);
export const BIND_COMPLETE = bare(SERVER_TYPE.bindComplete);
export const CLOSE_COMPLETE = bare(SERVER_TYPE.closeComplete);
export const NO_DATA = bare(SERVER_TYPE.noData);
export const PORTAL_SUSPENDED = bare(SERVER_TYPE.portalSuspended);
export const EMPTY_QUERY_RESPONSE = bare(SERVER_TYPE.emptyQueryResponse);
export const COPY_DONE = bare(SERVER_TYPE.copyDone);

const BARE: ReadonlySet<number> = new Set([
  SERVER_TYPE.parseComplete,
  SERVER_TYPE.bindComplete,
  SERVER_TYPE.closeComplete,
  SERVER_TYPE.noData,
  SERVER_TYPE.portalSuspended,
  SERVER_TYPE.emptyQueryResponse,
  SERVER_TYPE.copyDone,
]);

/**
 * Checks a frame of one of these types.
 * @throws PosternError `protocol-violation` for another type or a body
 */
export function decodeBare(buffer: Buffer, start: number, end: number): void {
  const type = buffer[start] ?? 0;
  if (!BARE.has(type)) throw violation('this is not a message without a body');
  new BodyReader(SERVER_MESSAGES.get(type)?.name ?? 'message', type, buffer, start, end).finish();
}

function bare(type: number): Buffer {
  return new BodyWriter().frame(type);
}
