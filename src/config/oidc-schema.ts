/** The shape of `oidc:` in postern.yaml, and what it means when keys are left out. */
import { z } from 'zod';
import type { OidcConfig } from './installation.ts';
import { exactName, label, oneOrMore } from './values.ts';

const groupNames = oneOrMore(exactName()).optional();

export const oidcSchema = z.strictObject({
  issuer: label(),
  clientId: label(),
  audience: oneOrMore(label()).optional(),
  claim: z.enum(['email', 'sub']).optional(),
  scope: label().optional(),
  groupsClaim: label().optional(),
  roles: z.strictObject({ approver: groupNames, operator: groupNames, auditor: groupNames }).optional(),
});
export type WrittenOidc = z.output<typeof oidcSchema>;

/** `offline_access` is what makes a provider hand out a refresh token (OpenID Connect Core section 11). */
const DEFAULT_SCOPE = 'openid email offline_access';

export function oidcConfig(written: WrittenOidc): OidcConfig {
  const { roles = {} } = written;
  return {
    issuer: written.issuer,
    clientId: written.clientId,
    audience: written.audience ?? [written.clientId],
    claim: written.claim ?? 'email',
    scope: written.scope ?? DEFAULT_SCOPE,
    groupsClaim: written.groupsClaim ?? null,
    roles: {
      approver: roles.approver ?? [],
      operator: roles.operator ?? [],
      auditor: roles.auditor ?? [],
    },
  };
}

/** As a provider gives it and as people write it: the letters' case aside, printable ASCII with one `@`. */
export const EMAIL = /^[!-?A-~]{1,64}@[!-?A-~]{1,255}$/;
