/** An identity provider on loopback whose keys and claims the test decides: what it signs may be wrong in any way. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import type { OidcConfig } from '../../src/config/installation.ts';

export const CLIENT = 'postern-cli';

export type Key = { readonly kid: string; readonly private: CryptoKey; readonly jwk: JWK };

export type Issuer = {
  readonly url: string;
  /** What the issuer publishes now. */
  readonly keys: Key[];
  /** How often its keys were fetched. */
  readonly fetches: () => number;
  /** While true it answers 500. */
  broken: boolean;
  readonly config: (changes?: Partial<OidcConfig>) => OidcConfig;
  /** A token that is right in every way but for what is changed. */
  readonly sign: (
    claims?: Readonly<Record<string, unknown>>,
    how?: { key?: Key; header?: object; alg?: string },
  ) => Promise<string>;
};

export async function newKey(kid: string, alg = 'ES256'): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, private: privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export async function issuer(t: TestContext): Promise<Issuer> {
  const keys = [await newKey('first')];
  let fetched = 0;
  const server = createServer((request, response) => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    if (request.url === '/jwks') fetched += 1;
    const body =
      request.url === '/jwks'
        ? { keys: keys.map((key) => key.jwk) }
        : { issuer: url, jwks_uri: `${url}/jwks`, token_endpoint: `${url}/token` };
    response.writeHead(self.broken ? 500 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const self: Issuer = {
    url,
    keys,
    fetches: () => fetched,
    broken: false,
    config: (changes = {}) => ({
      issuer: url,
      clientId: CLIENT,
      audience: [CLIENT],
      claim: 'email',
      scope: 'openid email',
      groupsClaim: null,
      roles: { approver: [], operator: [], auditor: [] },
      ...changes,
    }),
    sign: async (claims = {}, { key, header, alg = 'ES256' } = {}) => {
      const used = key ?? keys[0];
      if (used === undefined) throw new Error('the issuer has no key');
      const now = Math.floor(Date.now() / 1000);
      const right = {
        iss: url,
        aud: CLIENT,
        sub: 'u-1',
        iat: now,
        exp: now + 300,
        email: 'ana@example.com',
        email_verified: true,
      };
      return new SignJWT({ ...right, ...claims })
        .setProtectedHeader({ alg, kid: used.kid, ...header })
        .sign(used.private);
    },
  };
  return self;
}
