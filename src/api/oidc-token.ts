/**
 * Is this JWT the configured issuer's, for us, and still good? By `jose`, with keys from the issuer's own
 * document, which are fetched again when a token names a key that is not there.
 *
 * Invariants: only asymmetric algorithms (RFC 8725 section 3.1), so that a public key can never serve as a shared
 * secret; what the token itself says of where its key is (`jku`, `jwk`, `x5u`) is not read; keys come from the
 * issuer configured and over TLS, or from this machine. Nobody unauthenticated makes us ask the provider more
 * often than once in JWKS_COOLDOWN_MS.
 * Non-goals: revocation. A token is good until it expires, and never for longer than MAX_TOKEN_AGE.
 */
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { None, allowInsecureRequests, discovery } from 'openid-client';
import type { OidcConfig } from '../config/installation.ts';
import { isLoopback } from '../config/loopback.ts';
import { PosternError } from '../errors.ts';
import {
  CLOCK_TOLERANCE_S,
  JWKS_COOLDOWN_MS,
  JWKS_MAX_AGE_MS,
  MAX_TOKEN_AGE,
  PROVIDER_RETRY_MS,
  PROVIDER_TIMEOUT_MS,
} from './limits.ts';

/** RFC 7518 section 3.1 and RFC 8037, without `none` and all that are symmetric. */
export const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

/** Types of JWT that say who somebody is. A logout or security event token (RFC 8725 section 3.11) does not. */
const TYPES: readonly unknown[] = [undefined, 'jwt', 'at+jwt', 'application/at+jwt'];

export type TokenVerifier = {
  /** @throws PosternError `token-refused`, `identity-unavailable` */
  verify(token: string): Promise<JWTPayload>;
};

/** The compact form of RFC 7515: three parts, where a token of our own has no dots. */
export function looksLikeJwt(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token);
}

type Provider = { readonly issuer: string; readonly keys: JWTVerifyGetKey };

export function makeTokenVerifier(oidc: OidcConfig, now: () => number = Date.now): TokenVerifier {
  let provider: Promise<Provider> | null = null;
  let silentUntil = 0;

  async function known(): Promise<Provider> {
    if (now() < silentUntil) throw new PosternError('identity-unavailable');
    provider ??= discover(oidc);
    try {
      return await provider;
    } catch {
      provider = null;
      silentUntil = now() + PROVIDER_RETRY_MS;
      throw new PosternError('identity-unavailable');
    }
  }

  return {
    async verify(token) {
      const { issuer, keys } = await known();
      try {
        const { payload, protectedHeader } = await jwtVerify(token, keys, {
          issuer,
          audience: [...oidc.audience],
          algorithms: [...ALGORITHMS],
          clockTolerance: CLOCK_TOLERANCE_S,
          requiredClaims: ['exp', 'iat', 'sub'],
          maxTokenAge: MAX_TOKEN_AGE,
          currentDate: new Date(now()),
        });
        if (!TYPES.includes(protectedHeader.typ?.toLowerCase())) throw refused('it is no access or ID token');
        checkParty(payload, oidc);
        return payload;
      } catch (error) {
        if (error instanceof PosternError) throw error;
        const reason = reasonOf(error);
        if (reason !== null) throw refused(reason);
        silentUntil = now() + PROVIDER_RETRY_MS;
        throw new PosternError('identity-unavailable');
      }
    },
  };
}

async function discover(oidc: OidcConfig): Promise<Provider> {
  const issuer = new URL(oidc.issuer);
  const configuration = await discovery(issuer, oidc.clientId, undefined, None(), {
    timeout: PROVIDER_TIMEOUT_MS / 1000,
    ...(isLocal(issuer) ? { execute: [allowInsecureRequests] } : {}),
  });
  const { issuer: named, jwks_uri: jwksUri } = configuration.serverMetadata();
  const jwks = new URL(jwksUri ?? '');
  if (jwks.protocol !== 'https:' && !(isLocal(issuer) && isLocal(jwks))) throw new Error('keys without TLS');
  return {
    issuer: named,
    keys: createRemoteJWKSet(jwks, {
      cooldownDuration: JWKS_COOLDOWN_MS,
      cacheMaxAge: JWKS_MAX_AGE_MS,
      timeoutDuration: PROVIDER_TIMEOUT_MS,
    }),
  };
}

function isLocal(url: URL): boolean {
  return isLoopback(url.hostname.replaceAll(/[[\]]/g, ''));
}

/** OpenID Connect Core section 3.1.3.7: an ID token that names a party was made for that party and no other. */
function checkParty(payload: JWTPayload, oidc: OidcConfig): void {
  const audience = [payload.aud ?? []].flat();
  const party = payload['azp'];
  if (party === undefined && audience.length <= 1) return;
  if (party === undefined || (audience.includes(oidc.clientId) && party !== oidc.clientId))
    throw refused('it was made for another party');
}

function refused(reason: string): PosternError {
  return new PosternError('token-refused', { reason });
}

/** Why, in our own words: a library's might quote the token. Null where it is not the token's fault. */
function reasonOf(error: unknown): string | null {
  if (error instanceof errors.JWTExpired) return error.claim === 'iat' ? 'it is too old' : 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    switch (error.claim) {
      case 'aud':
        return 'it is for another audience';
      case 'iss':
        return 'it is from another issuer';
      case 'nbf':
        return 'it is not valid yet';
      default:
        return 'a claim it needs is missing or wrong';
    }
  }
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported)
    return 'its algorithm is not allowed';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature does not fit';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'it was not signed with a key of the issuer';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'it is malformed';
  return null;
}
