/**
 * Who is calling? A bearer token's SHA-256 is compared with every approver's, in time that does not depend
 * on which one it is, if any.
 *
 * Invariant: a valid token is accepted however many wrong ones came from its address. All callers share the
 * loopback address, so a lock-out would let any local process keep approvers from answering. Wrong tokens
 * have 256 random bits against them; counting them only keeps the log and the processor from being flooded.
 *
 * Non-goals: sessions, cookies, passwords. A browser sends a bearer token only where a page of ours puts it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { ApproverConfig, Role } from '../config/installation.ts';
import { PosternError } from '../errors.ts';
import type { Caller } from './deps.ts';
import {
  FAILED_ATTEMPTS_WINDOW_MS,
  MAX_FAILED_ADDRESSES,
  MAX_FAILED_ATTEMPTS,
  MAX_TOKEN_CHARS,
} from './limits.ts';

const DIGEST_BYTES = 32;

export type Authenticator = {
  /**
   * The caller behind an `Authorization` header.
   * @throws PosternError `not-authenticated`, or `too-many-attempts` when the address has failed too often
   */
  authenticate(header: string | undefined, address: string): Caller;
};

export function makeAuthenticator(
  approvers: readonly ApproverConfig[],
  now: () => number = Date.now,
): Authenticator {
  const known = approvers.map((approver) => ({ approver, digest: digestOf(approver.tokenSha256) }));
  const failures = new Map<string, { count: number; since: number }>();

  function fail(address: string): never {
    const at = now();
    let entry = failures.get(address);
    if (entry === undefined || at - entry.since >= FAILED_ATTEMPTS_WINDOW_MS) {
      failures.delete(address);
      entry = { count: 0, since: at };
      failures.set(address, entry);
      if (failures.size > MAX_FAILED_ADDRESSES) {
        const oldest = failures.keys().next();
        if (oldest.done !== true) failures.delete(oldest.value);
      }
    }
    entry.count += 1;
    throw new PosternError(entry.count > MAX_FAILED_ATTEMPTS ? 'too-many-attempts' : 'not-authenticated');
  }

  return {
    authenticate(header, address) {
      const token = bearerToken(header);
      if (token === null) return fail(address);
      const digest = createHash('sha256').update(token, 'utf8').digest();
      let found: ApproverConfig | null = null;
      for (const { approver, digest: expected } of known) {
        if (timingSafeEqual(digest, expected)) found = approver;
      }
      if (found === null) return fail(address);
      return { name: found.name, groups: found.groups, roles: found.roles };
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
