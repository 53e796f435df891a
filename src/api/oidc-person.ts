/**
 * The claims of a token that has been verified → the approver they are.
 *
 * Invariant: what lets somebody in is compared strictly (an address in ASCII, verified, its letters' case aside;
 * a subject exactly), what keeps somebody out loosely (`aliases`, by `personKey`). Two spellings must never make
 * one person two, nor another's address pass for an approver's.
 */
import type { JWTPayload } from 'jose';
import type { ApproverConfig, OidcConfig, Role } from '../config/installation.ts';
import { EMAIL } from '../config/oidc-schema.ts';
import { personKey } from '../approvals/transitions.ts';
import { PosternError } from '../errors.ts';
import { callerFrom } from './caller.ts';
import type { Caller } from './deps.ts';
import { MAX_CLAIM_GROUPS, MAX_LABEL_CHARS, MAX_SUBJECT_CHARS } from './limits.ts';

const ROLES: readonly Role[] = ['approver', 'operator', 'auditor'];
const PRINTABLE = /^(?! )[^\p{C}\p{Zl}\p{Zp}]+(?<! )$/u;

/** @throws PosternError `identity-refused`, which says what is missing where */
export function personBehind(
  claims: JWTPayload,
  oidc: OidcConfig,
  approvers: readonly ApproverConfig[],
): Caller {
  const identity = oidc.claim === 'email' ? emailOf(claims) : subjectOf(claims);
  const expiresAtMs = (claims.exp ?? 0) * 1000;
  const listed = approvers.find((one) =>
    oidc.claim === 'email' ? one.email?.toLowerCase() === identity : one.subject === identity,
  );
  const caller =
    listed === undefined
      ? { ...byGroups(claims, identity, oidc, approvers), expiresAtMs }
      : callerFrom(listed, expiresAtMs);
  return { ...caller, aliases: [...(caller.aliases ?? []), ...spellings(claims)] };
}

/** Addresses that the provider has for them, verified or not: enough to doubt that two are different people. */
function spellings(claims: JWTPayload): string[] {
  return ['email', 'preferred_username', 'upn', 'sub'].flatMap((name) => {
    const value = claims[name];
    return typeof value === 'string' && value !== '' ? [value] : [];
  });
}

function emailOf(claims: JWTPayload): string {
  const { email, email_verified: verified } = claims;
  if (typeof email !== 'string' || email === '') throw refused('the token has no claim `email`', 'email');
  // Anything that looks like an address but is not plain ASCII may be drawn to look like somebody else's.
  if (!EMAIL.test(email))
    throw refused('the token has an address in `email` that is not plain ASCII', 'email');
  if (verified !== true)
    throw refused(`the provider has not verified ${email} (\`email_verified\`)`, 'email');
  return email.toLowerCase();
}

function subjectOf(claims: JWTPayload): string {
  const { sub } = claims;
  if (sub === undefined || sub.length > MAX_SUBJECT_CHARS || !PRINTABLE.test(sub))
    throw refused('the token has a `sub` that cannot be used as a name', 'sub');
  return sub;
}

function byGroups(
  claims: JWTPayload,
  identity: string,
  oidc: OidcConfig,
  approvers: readonly ApproverConfig[],
): Omit<Caller, 'expiresAtMs'> {
  if (oidc.groupsClaim === null) throw refused(`${identity} is no approver in postern.yaml`, oidc.claim);
  // Their name would be the approver's in every decision and in the trail.
  const taken = approvers.some((one) =>
    [one.name, one.email ?? one.name].some((name) => personKey(name) === personKey(identity)),
  );
  if (taken) throw refused(`${identity} is the name of another approver`, oidc.claim);
  const claimed = claims[oidc.groupsClaim];
  if (!Array.isArray(claimed) || claimed.length > MAX_CLAIM_GROUPS)
    throw refused(`the token has no list of groups in \`${oidc.groupsClaim}\``, oidc.claim);
  const groups = claimed.filter(
    (one): one is string => typeof one === 'string' && one.length <= MAX_LABEL_CHARS && PRINTABLE.test(one),
  );
  const roles = ROLES.filter((role) => oidc.roles[role].some((group) => groups.includes(group)));
  if (roles.length === 0) throw refused(`none of the groups of ${identity} has a role here`, oidc.claim);
  return { name: identity, groups, roles };
}

function refused(reason: string, claim: string): PosternError {
  return new PosternError('identity-refused', { reason, key: claim === 'sub' ? 'subject' : 'email' });
}
