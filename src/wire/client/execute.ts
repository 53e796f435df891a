/** Execute (`E`): String portal, Int32 maximum number of rows. Source: PostgreSQL docs, "Message Formats". */

import { serialize } from 'pg-protocol/dist/serializer.js';
import { BodyReader } from '../body-reader.ts';
import { noNul } from '../body-writer.ts';
import { MAX_SERVER_MESSAGE } from '../limits.ts';
import { CLIENT_TYPE } from './types.ts';

export type Execute = {
  readonly portal: string;
  /** Zero or less: no limit. */
  readonly maxRows: number;
};

/** @throws PosternError `protocol-violation`, `unparsable-encoding` */
export function decodeExecute(buffer: Buffer, start: number, end: number): Execute {
  const body = new BodyReader('Execute', CLIENT_TYPE.execute, buffer, start, end);
  const portal = body.name();
  const maxRows = body.int32();
  body.finish();
  return { portal, maxRows };
}

/** @throws PosternError `protocol-violation` for a NUL in the name */
export function encodeExecute(message: Execute): Buffer {
  // The Int32 is signed: a limit beyond its range would be read as none, and so is one that is not a limit.
  const rows = Math.min(Math.max(0, Math.trunc(message.maxRows)), MAX_SERVER_MESSAGE);
  return serialize.execute({ portal: noNul(message.portal), rows });
}
