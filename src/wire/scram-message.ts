/**
 * The text of SCRAM messages (RFC 5802 section 7), both directions: cut into attributes and checked, nothing
 * computed. Invariant: whatever the bytes, only `protocol-violation` is thrown, and its reason repeats none
 * of them.
 */

import { isUtf8 } from 'node:buffer';
import { MAX_SASL_MESSAGE } from './limits.ts';
import { violation } from './violation.ts';

export const SCRAM_SHA_256 = 'SCRAM-SHA-256';
export const SCRAM_SHA_256_PLUS = 'SCRAM-SHA-256-PLUS';

/** RFC 5929 section 4: the only type of channel binding PostgreSQL knows. */
const BINDING_TYPE = 'tls-server-end-point';
export const GS2_BOUND = `p=${BINDING_TYPE},,`;

/** Printable ASCII without the comma. */
const NONCE = /^[\x21-\x2b\x2d-\x7e]+$/;
const EXTENSION = /^[a-zA-Z]=[^,]+$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export type ClientFirst = {
  /** `n` no channel binding, `y` the client could but thinks the server cannot, `p` bound. */
  readonly flag: 'n' | 'y' | 'p';
  readonly gs2Header: string;
  readonly bare: string;
  readonly nonce: string;
};

export type ClientFinal = {
  /** Base64, as sent. */
  readonly binding: string;
  readonly nonce: string;
  readonly withoutProof: string;
  readonly proof: Buffer;
};

export type ServerFirst = {
  readonly text: string;
  readonly nonce: string;
  readonly salt: Buffer;
  readonly iterations: number;
};

/** The bytes, or null unless they are written the one canonical way. */
export function strictBase64(text: string): Buffer | null {
  if (!BASE64.test(text)) return null;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

export function isNonce(text: string): boolean {
  return NONCE.test(text);
}

export function parseClientFirst(data: Buffer): ClientFirst {
  const text = messageText(data);
  const flagEnd = text.indexOf(',');
  const headerEnd = flagEnd < 0 ? -1 : text.indexOf(',', flagEnd + 1);
  if (headerEnd < 0) throw malformed();
  const flagPart = text.slice(0, flagEnd);
  if (text.slice(flagEnd + 1, headerEnd) !== '')
    throw violation('SCRAM authorization identities are not supported');
  const flag = flagOf(flagPart);
  const bare = text.slice(headerEnd + 1);
  const [user = '', nonce = '', ...extensions] = bare.split(',');
  if (user.startsWith('m=')) throw violation('a mandatory SCRAM extension is not supported');
  // PostgreSQL ignores this name in favour of the start-up packet's, and libpq sends none.
  if (!user.startsWith('n=')) throw malformed();
  checkExtensions(extensions);
  return { flag, gs2Header: text.slice(0, headerEnd + 1), bare, nonce: nonceOf(nonce) };
}

export function parseClientFinal(data: Buffer): ClientFinal {
  const text = messageText(data);
  const parts = text.split(',');
  const proofPart = parts.length < 3 ? '' : parts.pop()!;
  const [binding = '', nonce = '', ...extensions] = parts;
  if (!binding.startsWith('c=') || !proofPart.startsWith('p=')) throw malformed();
  checkExtensions(extensions);
  const proof = strictBase64(proofPart.slice(2));
  if (proof === null || proof.length !== 32) throw malformed();
  const withoutProof = text.slice(0, text.length - proofPart.length - 1);
  return { binding: binding.slice(2), nonce: nonceOf(nonce), withoutProof, proof };
}

export function parseServerFirst(data: Buffer): ServerFirst {
  const text = messageText(data);
  const [nonce = '', salt = '', iterations = '', ...extensions] = text.split(',');
  if (nonce.startsWith('m=')) throw violation('a mandatory SCRAM extension is not supported');
  const saltBytes = salt.startsWith('s=') ? strictBase64(salt.slice(2)) : null;
  const count = /^i=([1-9]\d{0,9})$/.exec(iterations)?.[1];
  if (saltBytes === null || saltBytes.length === 0 || count === undefined) throw malformed();
  checkExtensions(extensions);
  return { text, nonce: nonceOf(nonce), salt: saltBytes, iterations: Number(count) };
}

/** The server's signature. */
export function parseServerFinal(data: Buffer): Buffer {
  const [verdict = '', ...extensions] = messageText(data).split(',');
  if (verdict.startsWith('e=')) throw violation('the server ended the SCRAM exchange with an error');
  const signature = verdict.startsWith('v=') ? strictBase64(verdict.slice(2)) : null;
  if (signature === null || signature.length !== 32) throw malformed();
  checkExtensions(extensions);
  return signature;
}

function flagOf(part: string): 'n' | 'y' | 'p' {
  if (part === 'n' || part === 'y') return part;
  if (!part.startsWith('p=')) throw malformed();
  if (part.slice(2) !== BINDING_TYPE) throw violation('this type of SCRAM channel binding is not supported');
  return 'p';
}

function nonceOf(part: string): string {
  const nonce = part.slice(2);
  if (!part.startsWith('r=') || !isNonce(nonce)) throw malformed();
  return nonce;
}

/** Optional ones are ignored, as PostgreSQL does; `m` forbids just that. */
function checkExtensions(parts: readonly string[]): void {
  for (const part of parts) {
    if (!EXTENSION.test(part)) throw malformed();
    if (part.startsWith('m=')) throw violation('a mandatory SCRAM extension is not supported');
  }
}

function messageText(data: Buffer): string {
  if (data.length > MAX_SASL_MESSAGE) throw violation('a SCRAM message is too long');
  if (!isUtf8(data) || data.includes(0)) throw malformed();
  return data.toString('utf8');
}

function malformed(): Error {
  return violation('malformed SCRAM message');
}
