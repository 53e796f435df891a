/**
 * Signing in with the identity provider that Postern names, by device code (RFC 8628), and keeping the token
 * fresh. The provider is spoken to over TLS, or on this machine; Postern never sees a password or a refresh token.
 */
import {
  None,
  allowInsecureRequests,
  discovery,
  initiateDeviceAuthorization,
  pollDeviceAuthorizationGrant,
  refreshTokenGrant,
  tokenRevocation,
} from 'openid-client';
import type { Configuration, TokenEndpointResponse } from 'openid-client';
import type { LoginView } from '../api/routes/login.ts';
import { isLoopback } from '../config/loopback.ts';
import { PosternError } from '../errors.ts';
import { Credentials } from './credentials.ts';
import type { Login } from './credentials.ts';

/** Milliseconds before its end from which on a token is replaced. */
const FRESH_MS = 30_000;

export type Provider = NonNullable<LoginView['oidc']>;
export type DeviceCode = { readonly url: string; readonly code: string };

/**
 * @param tell shows the person where to go; called once
 * @throws PosternError `sign-in-failed`
 */
export async function signIn(provider: Provider, tell: (device: DeviceCode) => void): Promise<Login> {
  return orFail(async () => {
    const configuration = await discover(provider);
    const device = await initiateDeviceAuthorization(configuration, {
      scope: provider.scope,
      ...audienceOf(provider),
    });
    tell({ url: device.verification_uri_complete ?? device.verification_uri, code: device.user_code });
    return loginFrom(provider, await pollDeviceAuthorizationGrant(configuration, device), null);
  });
}

/**
 * A token for `url` that is good for a while: the one kept, or a new one.
 * @returns null where nobody signed in for it
 * @throws PosternError `sign-in-failed` when it is over and cannot be replaced
 */
export async function freshToken(url: string, credentials = new Credentials()): Promise<string | null> {
  const kept = credentials.find(url);
  if (kept === null || isFresh(kept)) return kept?.token ?? null;
  return credentials.exclusively(async () => {
    // Another process may have been quicker.
    const now = credentials.find(url);
    if (now === null || isFresh(now)) return now?.token ?? null;
    const { refreshToken } = now;
    if (refreshToken === null) throw new PosternError('sign-in-failed', { reason: 'your sign-in has ended' });
    const login = await orFail(async () =>
      loginFrom(now, await refreshTokenGrant(await discover(now), refreshToken), refreshToken),
    );
    credentials.put(url, login);
    return login.token;
  });
}

/** Tells the provider that the refresh token is no longer wanted, if it can be told. */
export async function revoke(login: Login): Promise<void> {
  if (login.refreshToken !== null) await tokenRevocation(await discover(login), login.refreshToken);
}

function isFresh(login: Login): boolean {
  return login.expiresAtMs - Date.now() > FRESH_MS;
}

async function discover({ issuer, clientId }: { issuer: string; clientId: string }): Promise<Configuration> {
  const url = new URL(issuer);
  const local = isLoopback(url.hostname.replaceAll(/[[\]]/g, ''));
  return discovery(url, clientId, undefined, None(), local ? { execute: [allowInsecureRequests] } : {});
}

/** For an access token of our own: by RFC 8707 where the audience is a url, by the word many providers take. */
function audienceOf({ token, audience }: Provider): Record<string, string> {
  const [first] = audience;
  if (token === 'id' || first === undefined) return {};
  return URL.canParse(first) ? { resource: first, audience: first } : { audience: first };
}

function loginFrom(
  from: { issuer: string; clientId: string; token: string; kind?: Login['kind'] },
  answer: TokenEndpointResponse,
  refreshToken: string | null,
): Login {
  const kind = from.kind ?? (from.token === 'id' ? 'id' : 'access');
  const token = kind === 'id' ? answer.id_token : answer.access_token;
  if (token === undefined)
    throw new PosternError('sign-in-failed', { reason: 'the provider gave no ID token' });
  return {
    issuer: from.issuer,
    clientId: from.clientId,
    kind,
    token,
    refreshToken: answer.refresh_token ?? refreshToken,
    expiresAtMs: expiryOf(token, answer.expires_in),
  };
}

/** As the token says; only to know when to ask for another, so nothing is verified. */
function expiryOf(token: string, expiresInS: number | undefined): number {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      exp?: unknown;
    };
    if (typeof claims.exp === 'number') return claims.exp * 1000;
  } catch {
    // No JWT: Postern will say so.
  }
  return Date.now() + (expiresInS ?? 0) * 1000;
}

async function orFail<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PosternError) throw error;
    const { error_description: description, error: code } = error as {
      error?: unknown;
      error_description?: unknown;
    };
    const reason = [description, code].find((one) => typeof one === 'string' && one !== '');
    throw new PosternError('sign-in-failed', {
      reason: typeof reason === 'string' ? reason : error instanceof Error ? error.message : 'unknown error',
    });
  }
}
