/** What is wrong with `approvers` and `oidc` as a whole: two people who could be taken for one, or nobody's way in. */
import type { ApproverConfig } from './installation.ts';
import type { WrittenInstallation } from './installation-schema.ts';
import { isLoopback } from './loopback.ts';
import type { Path } from './problem.ts';

export type Fault = { readonly path: Path; readonly message: string; readonly suggestion: string };
type Written = NonNullable<WrittenInstallation['approvers']>[number];

export function approverConfig(written: Written): ApproverConfig {
  return {
    name: written.name,
    groups: written.groups ?? [],
    roles: written.roles ?? ['approver'],
    tokenSha256: written.tokenSha256?.toLowerCase() ?? null,
    ...(written.email === undefined ? {} : { email: written.email.toLowerCase() }),
    ...(written.subject === undefined ? {} : { subject: written.subject }),
    ...(written.slack === undefined ? {} : { slack: written.slack }),
  };
}

export function approverFaults(written: WrittenInstallation): Fault[] {
  const faults: Fault[] = [];
  // A name and an address share one namespace: who signs in as an address must not be taken for a name.
  const names = new Map<string, number>();
  const once = (kind: string) => {
    const seen = new Set<string>();
    return (index: number, key: 'tokenSha256' | 'subject' | 'slack', value: string | undefined): void => {
      if (value === undefined) return;
      if (seen.has(value)) {
        faults.push({
          path: ['approvers', index, key],
          message: `another approver has the same ${kind}`,
          suggestion: `give each person their own ${kind}`,
        });
      }
      seen.add(value);
    };
  };
  const token = once('token');
  const subject = once('subject');
  const slack = once('member of Slack');
  for (const [index, approver] of (written.approvers ?? []).entries()) {
    for (const key of ['name', 'email'] as const) {
      const value = approver[key]?.toLowerCase();
      if (value === undefined) continue;
      const owner = names.get(value);
      if (owner !== undefined && owner !== index) {
        faults.push({
          path: ['approvers', index, key],
          message: `there is already an approver "${approver[key] ?? ''}"`,
          suggestion: 'give each person one entry',
        });
      }
      names.set(value, index);
    }
    token(index, 'tokenSha256', approver.tokenSha256?.toLowerCase());
    subject(index, 'subject', approver.subject);
    slack(index, 'slack', approver.slack);
    const fault = wayIn(approver, index, written.oidc);
    if (fault !== null) faults.push(fault);
  }
  return faults;
}

/**
 * Everybody needs a way in. Where people come by groups, too, everybody listed must be recognisable to the
 * provider, or one person could answer twice: by token under their name, and by OIDC under their address.
 */
function wayIn(approver: Written, index: number, oidc: WrittenInstallation['oidc']): Fault | null {
  const key = oidc?.claim === 'sub' ? 'subject' : 'email';
  const path: Path = ['approvers', index];
  if (oidc?.groupsClaim !== undefined && approver[key] === undefined) {
    return {
      path,
      message: `"${approver.name}" has no ${key}, so the same person could come by their groups and count twice`,
      suggestion: `add ${key}, as the provider gives it`,
    };
  }
  if (approver.tokenSha256 !== undefined || (oidc && approver[key] !== undefined)) return null;
  return {
    path,
    message: `"${approver.name}" has no way to sign in: there is no tokenSha256`,
    suggestion: oidc ? `add tokenSha256, or ${key} for OIDC` : 'make one with: postern token new',
  };
}

export function oidcFaults({ oidc }: WrittenInstallation): Fault[] {
  if (oidc === null || oidc === undefined) return [];
  const faults: Fault[] = [];
  const url = URL.canParse(oidc.issuer) ? new URL(oidc.issuer) : null;
  const secure =
    url?.protocol === 'https:' ||
    (url?.protocol === 'http:' && isLoopback(url.hostname.replaceAll(/[[\]]/g, '')));
  if (url === null || !secure || url.search !== '' || url.hash !== '' || url.username !== '') {
    faults.push({
      path: ['oidc', 'issuer'],
      message: 'expected the https url of the issuer, as its tokens have it in `iss`',
      suggestion: 'plain http is for a provider on this machine only',
    });
  }
  const named = Object.values(oidc.roles ?? {}).some((groups) => groups !== undefined);
  if (named !== (oidc.groupsClaim !== undefined)) {
    faults.push({
      path: ['oidc', named ? 'roles' : 'groupsClaim'],
      message: 'groupsClaim and roles mean something together only',
      suggestion: 'groupsClaim: groups, with roles: { approver: [group, …] }',
    });
  }
  return faults;
}
