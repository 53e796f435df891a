/** SASLResponse (`p`): Byten. Source: PostgreSQL docs, "Message Formats". */

import { serialize } from 'pg-protocol/dist/serializer.js';
import { BodyReader } from '../body-reader.ts';
import { CLIENT_TYPE } from './types.ts';

/** The mechanism's own data, not copied. @throws PosternError `protocol-violation` */
export function decodeSaslResponse(buffer: Buffer, start: number, end: number): Buffer {
  return new BodyReader('SASLResponse', CLIENT_TYPE.password, buffer, start, end).rest();
}

export function encodeSaslResponse(data: string): Buffer {
  return serialize.sendSCRAMClientFinalMessage(data);
}
