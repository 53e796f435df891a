/**
 * Who is calling? A bearer token's SHA-256 is compared with every approver's, in time that does not depend
 * on which one it is, if any. What is none of them, and looks like a JWT, is the identity provider's to answer for.
 *
 * Invariant: a valid token is accepted however many wrong ones came from its address. All callers share the
 * loopback address, so a lock-out would let any local process keep approvers from answering. Wrong tokens
 * have 256 random bits against them; counting them only keeps the log and the processor from being flooded.
 *
 * Non-goals: sessions, cookies, passwords. A browser sends a bearer token only where a page of ours puts it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { ApproverConfig, OidcConfig, Role } from '../config/installation.ts';
import { PosternError } from '../errors.ts';
import { callerFrom } from './caller.ts';
import type { Caller } from './deps.ts';
import {
  FAILED_ATTEMPTS_WINDOW_MS,
  MAX_FAILED_ADDRESSES,
  MAX_FAILED_ATTEMPTS,
  MAX_TOKEN_CHARS,
} from './limits.ts';
import { personBehind } from './oidc-person.ts';
import { looksLikeJwt, makeTokenVerifier } from './oidc-token.ts';
import { makeWindowCount } from './window-count.ts';

const DIGEST_BYTES = 32;

export type Authenticator = {
  /**
   * The caller behind an `Authorization` header.
   * @throws PosternError `not-authenticated`, `token-refused`, or `too-many-attempts` when the address has
   * failed too often; `identity-refused` for somebody the provider knows and we do not; `identity-unavailable`
   */
  authenticate(header: string | undefined, address: string): Promise<Caller>;
};

export function makeAuthenticator(
  approvers: readonly ApproverConfig[],
  oidc: OidcConfig | null = null,
  now: () => number = Date.now,
): Authenticator {
  const known = approvers.flatMap((approver) =>
    approver.tokenSha256 === null ? [] : [{ approver, digest: digestOf(approver.tokenSha256) }],
  );
  const verifier = oidc === null ? null : makeTokenVerifier(oidc, now);
  const failures = makeWindowCount(MAX_FAILED_ATTEMPTS, FAILED_ATTEMPTS_WINDOW_MS, MAX_FAILED_ADDRESSES, now);

  function fail(address: string, why = new PosternError('not-authenticated')): never {
    throw failures.within(address) ? why : new PosternError('too-many-attempts');
  }

  async function byProvider(token: string, address: string): Promise<Caller> {
    if (oidc === null || verifier === null || !looksLikeJwt(token)) return fail(address);
    try {
      return personBehind(await verifier.verify(token), oidc, approvers);
    } catch (error) {
      if (error instanceof PosternError && error.code !== 'identity-unavailable') fail(address, error);
      throw error;
    }
  }

  return {
    async authenticate(header, address) {
      const token = bearerToken(header);
      if (token === null) return fail(address);
      const digest = createHash('sha256').update(token, 'utf8').digest();
      let found: ApproverConfig | null = null;
      for (const { approver, digest: expected } of known) {
        if (timingSafeEqual(digest, expected)) found = approver;
      }
      return found === null ? byProvider(token, address) : callerFrom(found, null);
    },
  };
}

/** @throws PosternError `not-permitted` unless the caller has one of the roles. */
export function requireRole(caller: Caller, roles: readonly Role[], what: string): void {
  if (roles.some((role) => caller.roles.includes(role))) return;
  throw new PosternError('not-permitted', { who: caller.name, what, role: roles.join(' or ') });
}

function digestOf(hex: string): Buffer {
  const digest = Buffer.from(hex, 'hex');
  // A digest that is no digest must match nothing, and must not make `timingSafeEqual` throw for all others.
  if (digest.length === DIGEST_BYTES) return digest;
  throw new PosternError('config-invalid', { problems: 'an approver has a tokenSha256 that is no SHA-256' });
}

/** RFC 6750 section 2.1; the scheme's name is case-insensitive by RFC 9110 section 11.1. */
function bearerToken(header: string | undefined): string | null {
  if (header === undefined || header.length > MAX_TOKEN_CHARS) return null;
  return /^bearer +([\w.~+/-]+=*)$/i.exec(header)?.[1] ?? null;
}
