/**
 * NegotiateProtocolVersion (`v`): Int32 newest version, Int32 n, n × String option not recognised. Source:
 * PostgreSQL docs, "Message Formats". The docs call the first field a minor version; every server sends, and
 * libpq expects, the whole version (major in the high 16 bits: `SendNegotiateProtocolVersion`,
 * tcop/backend_startup.c).
 */

import { BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { violation } from '../violation.ts';
import { SERVER_TYPE } from './types.ts';

export type NegotiateProtocolVersion = {
  /** Of protocol 3. */
  readonly minor: number;
  readonly unrecognizedOptions: readonly string[];
};

/** @throws PosternError `protocol-violation` */
export function decodeNegotiateProtocolVersion(
  buffer: Buffer,
  start: number,
  end: number,
): NegotiateProtocolVersion {
  const type = SERVER_TYPE.negotiateProtocolVersion;
  const body = new BodyReader('NegotiateProtocolVersion', type, buffer, start, end);
  const version = body.uint32();
  const major = version >>> 16;
  if (major !== 0 && major !== 3) throw violation('NegotiateProtocolVersion names another major version');
  const count = body.uint32();
  const unrecognizedOptions: string[] = [];
  // Every string takes a byte at least, so a count that lies ends with the body.
  for (let i = 0; i < count; i += 1) unrecognizedOptions.push(body.lossyString());
  body.finish();
  return { minor: version & 0xffff, unrecognizedOptions };
}

/** @throws PosternError `protocol-violation` for a NUL in an option's name */
export function encodeNegotiateProtocolVersion(message: NegotiateProtocolVersion): Buffer {
  const { minor, unrecognizedOptions } = message;
  const writer = new BodyWriter().int16(3).int16(minor).int32(unrecognizedOptions.length);
  for (const option of unrecognizedOptions) writer.string(option);
  return writer.frame(SERVER_TYPE.negotiateProtocolVersion);
}
