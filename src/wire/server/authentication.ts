/**
 * Authentication… (`R`): Int32 code, then what the code says. One file because they share a type byte and are
 * told apart by the code. Source: PostgreSQL docs, "Message Formats".
 */

import { BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { violation } from '../violation.ts';
import { SERVER_TYPE } from './types.ts';

const OK = 0;
const CLEARTEXT_PASSWORD = 3;
const MD5_PASSWORD = 5;
const SASL = 10;
const SASL_CONTINUE = 11;
const SASL_FINAL = 12;

export type Authentication =
  | { readonly kind: 'ok' }
  | { readonly kind: 'cleartext-password' }
  /** Four bytes, copied. */
  | { readonly kind: 'md5-password'; readonly salt: Buffer }
  /** In the server's order of preference. */
  | { readonly kind: 'sasl'; readonly mechanisms: readonly string[] }
  /** `data` is not copied. */
  | { readonly kind: 'sasl-continue'; readonly data: Buffer }
  | { readonly kind: 'sasl-final'; readonly data: Buffer }
  /** Kerberos, GSSAPI, SSPI: nothing Postern does. */
  | { readonly kind: 'unsupported'; readonly code: number };

/** @throws PosternError `protocol-violation` */
export function decodeAuthentication(buffer: Buffer, start: number, end: number): Authentication {
  const body = new BodyReader('Authentication', SERVER_TYPE.authentication, buffer, start, end);
  const code = body.uint32();
  switch (code) {
    case OK:
      body.finish();
      return { kind: 'ok' };
    case CLEARTEXT_PASSWORD:
      body.finish();
      return { kind: 'cleartext-password' };
    case MD5_PASSWORD: {
      const salt = Buffer.from(body.bytes(4));
      body.finish();
      return { kind: 'md5-password', salt };
    }
    case SASL:
      return { kind: 'sasl', mechanisms: readMechanisms(body) };
    case SASL_CONTINUE:
      return { kind: 'sasl-continue', data: body.rest() };
    case SASL_FINAL:
      return { kind: 'sasl-final', data: body.rest() };
    default:
      return { kind: 'unsupported', code };
  }
}

/** Strings up to an empty one. */
function readMechanisms(body: BodyReader): string[] {
  const mechanisms: string[] = [];
  for (;;) {
    const mechanism = body.lossyString();
    if (mechanism === '') break;
    mechanisms.push(mechanism);
  }
  body.finish();
  return mechanisms;
}

export function encodeAuthenticationOk(): Buffer {
  return new BodyWriter().int32(OK).frame(SERVER_TYPE.authentication);
}

/** @throws PosternError `protocol-violation` for an empty name, which would end the list */
export function encodeAuthenticationSasl(mechanisms: readonly string[]): Buffer {
  const writer = new BodyWriter().int32(SASL);
  for (const mechanism of mechanisms) {
    if (mechanism === '') throw violation('a SASL mechanism has no name');
    writer.string(mechanism);
  }
  return writer.uint8(0).frame(SERVER_TYPE.authentication);
}

export function encodeAuthenticationSaslContinue(data: string): Buffer {
  return new BodyWriter()
    .int32(SASL_CONTINUE)
    .bytes(Buffer.from(data, 'utf8'))
    .frame(SERVER_TYPE.authentication);
}

export function encodeAuthenticationSaslFinal(data: string): Buffer {
  return new BodyWriter()
    .int32(SASL_FINAL)
    .bytes(Buffer.from(data, 'utf8'))
    .frame(SERVER_TYPE.authentication);
}
