/** ReadyForQuery (`Z`): Byte1 transaction status. Source: PostgreSQL docs, "Message Formats". */

import { BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { violation } from '../violation.ts';
import { SERVER_TYPE } from './types.ts';

/** `I` idle, `T` in a transaction, `E` in a failed one. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** @throws PosternError `protocol-violation`, also for a status that is none of the three */
export function decodeReadyForQuery(buffer: Buffer, start: number, end: number): TransactionStatus {
  const body = new BodyReader('ReadyForQuery', SERVER_TYPE.readyForQuery, buffer, start, end);
  const status = body.uint8();
  body.finish();
  switch (status) {
    case 0x49:
      return 'I';
    case 0x54:
      return 'T';
    case 0x45:
      return 'E';
    default:
      throw violation('ReadyForQuery has an unknown status');
  }
}

export function encodeReadyForQuery(status: TransactionStatus): Buffer {
  return new BodyWriter().uint8(status.charCodeAt(0)).frame(SERVER_TYPE.readyForQuery);
}
