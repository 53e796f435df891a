/**
 * SCRAM-SHA-256 keys and verifiers. A verifier is PostgreSQL's string (`pg_authid.rolpassword`):
 * `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, the last three in base64. Source: RFC 5802
 * section 3, RFC 7677. Salts come from the caller: this room draws no random numbers.
 */

import { createHash, createHmac, createSecretKey, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { PosternError } from '../errors.ts';
import { SCRAM_ITERATIONS, SCRAM_SALT_BYTES } from './limits.ts';
import { saslprep } from './saslprep.ts';
import { strictBase64 } from './scram-message.ts';

/** SHA-256. */
export const KEY_BYTES = 32;

const derive = promisify(pbkdf2);
const VERIFIER = /^SCRAM-SHA-256\$([1-9]\d{0,9}):([^$:]+)\$([^$:]+):([^$:]+)$/;

export type Verifier = {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
};

export function hmac(key: Buffer, data: string): Buffer {
  // From a bare buffer, Node 24 takes three times as long: it finds out by an exception that it is no key object.
  return createHmac('sha256', createSecretKey(key)).update(data, 'utf8').digest();
}

export function sha256(data: Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}

export function xor(a: Buffer, b: Buffer): Buffer {
  const result = Buffer.alloc(a.length);
  for (let i = 0; i < a.length; i += 1) result[i] = a[i]! ^ b[i]!;
  return result;
}

/** SaltedPassword of RFC 5802, 32 bytes. */
export type SaltPassword = (password: string, salt: Buffer, iterations: number) => Promise<Buffer>;

/** PBKDF2, in the thread pool: a session that authenticates does not stall the others. */
export const saltPassword: SaltPassword = (password, salt, iterations) =>
  derive(Buffer.from(saslprep(password), 'utf8'), salt, iterations, KEY_BYTES, 'sha256');

/** ClientKey of a salted password. */
export function clientKeyOf(salted: Buffer): Buffer {
  return hmac(salted, 'Client Key');
}

/** ServerKey of a salted password. */
export function serverKeyOf(salted: Buffer): Buffer {
  return hmac(salted, 'Server Key');
}

/**
 * The verifier of a password. Agents whose iterations differ from `SCRAM_ITERATIONS` can be told from unknown
 * ones.
 * @param options salt 16 random bytes
 * @throws PosternError `bad-input` for an empty salt or iterations below 1
 */
export async function makeVerifier(
  password: string,
  options: { readonly salt: Buffer; readonly iterations?: number },
): Promise<string> {
  const { salt, iterations = SCRAM_ITERATIONS } = options;
  if (salt.length === 0 || !Number.isInteger(iterations) || iterations < 1 || iterations > 0x7fffffff) {
    throw new PosternError('bad-input', {
      reason: 'a SCRAM verifier needs a salt and at least one iteration',
    });
  }
  const salted = await saltPassword(password, salt, iterations);
  return formatVerifier({
    iterations,
    salt,
    storedKey: sha256(clientKeyOf(salted)),
    serverKey: serverKeyOf(salted),
  });
}

/**
 * A verifier for an agent that does not exist: no password fits it, and the salt is the same at every
 * attempt, as a real one is. Compute it for known agents too, or at least take the same path, so that time
 * tells nothing either.
 * @param serverSecret at least 16 random bytes, kept over restarts and by all instances behind one address
 * @throws PosternError `bad-input` for a shorter secret, with which salts could be foretold
 */
export function mockVerifier(
  agentName: string,
  serverSecret: Buffer,
  iterations: number = SCRAM_ITERATIONS,
): string {
  if (serverSecret.length < 16)
    throw new PosternError('bad-input', { reason: 'the mock secret is too short' });
  return formatVerifier({
    iterations,
    salt: hmac(serverSecret, `mock salt\0${agentName}`).subarray(0, SCRAM_SALT_BYTES),
    storedKey: hmac(serverSecret, `mock stored key\0${agentName}`),
    serverKey: hmac(serverSecret, `mock server key\0${agentName}`),
  });
}

/** @throws PosternError `bad-input`; the text does not repeat the verifier */
export function parseVerifier(text: string): Verifier {
  const match = VERIFIER.exec(text);
  const iterations = Number(match?.[1] ?? 0);
  const salt = strictBase64(match?.[2] ?? '');
  const storedKey = strictBase64(match?.[3] ?? '');
  const serverKey = strictBase64(match?.[4] ?? '');
  const keysFit = storedKey?.length === KEY_BYTES && serverKey?.length === KEY_BYTES;
  if (!keysFit || salt === null || salt.length === 0 || iterations > 0x7fffffff) {
    throw new PosternError('bad-input', { reason: 'this is not a SCRAM-SHA-256 verifier' });
  }
  return { iterations, salt, storedKey, serverKey };
}

function formatVerifier(verifier: Verifier): string {
  const { iterations, salt, storedKey, serverKey } = verifier;
  const base64 = (bytes: Buffer): string => bytes.toString('base64');
  return `SCRAM-SHA-256$${iterations}:${base64(salt)}$${base64(storedKey)}:${base64(serverKey)}`;
}
