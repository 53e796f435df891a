/**
 * Who clicked? A member of Slack stands for the approver whose `slack` id or e-mail address in postern.yaml is
 * theirs. Invariant: fails closed. A guest, a bot, a deactivated account, a member of another workspace (who
 * may be given any address there) and an unconfirmed address stand for nobody.
 */
import { z } from 'zod';
import type { Approver } from '../approvals/request.ts';
import type { ApproverConfig } from '../config/installation.ts';
import { ACK_MS } from './limits.ts';
import type { SlackApi } from './slack-api.ts';

export type Person =
  | { readonly kind: 'approver'; readonly approver: Approver }
  | { readonly kind: 'nobody'; readonly why: string };

export type Clicker = { readonly userId: string; readonly teamId: string };

const userSchema = z.object({
  user: z.looseObject({
    id: z.string(),
    team_id: z.string(),
    deleted: z.boolean().optional(),
    is_bot: z.boolean().optional(),
    is_stranger: z.boolean().optional(),
    is_restricted: z.boolean().optional(),
    is_ultra_restricted: z.boolean().optional(),
    is_email_confirmed: z.boolean().optional(),
    profile: z.looseObject({ email: z.string().optional() }).optional(),
  }),
});
type SlackUser = z.output<typeof userSchema>['user'];

/** Asked anew for each click and each decision: an account may have been closed since. */
export async function personOf(
  api: SlackApi,
  teamId: string | null,
  clicker: Clicker,
  approvers: readonly ApproverConfig[],
): Promise<Person> {
  const nobody = (why: string): Person => ({ kind: 'nobody', why });
  if (teamId === null) return nobody('Postern cannot ask Slack which workspace this is. Try again.');
  if (clicker.teamId !== teamId) return nobody('You are not a member of the workspace Postern belongs to.');
  const answer = await api.read('users.info', { user: clicker.userId }, ACK_MS);
  const read = answer.kind === 'ok' ? userSchema.safeParse(answer.body) : null;
  if (read === null || !read.success) return nobody('Postern cannot ask Slack who you are. Try again.');
  const { user } = read.data;
  if (user.id !== clicker.userId || user.team_id !== teamId || isNoMember(user))
    return nobody('Guests, bots and members of other workspaces decide nothing.');
  const found = approverOf(user, approvers);
  if (found === null)
    return nobody('No approver in postern.yaml has your Slack id or your confirmed e-mail address.');
  if (!found.roles.includes('approver')) return nobody('You do not have the role approver in postern.yaml.');
  return { kind: 'approver', approver: { name: found.name, groups: found.groups } };
}

function isNoMember(user: SlackUser): boolean {
  return [user.deleted, user.is_bot, user.is_stranger, user.is_restricted, user.is_ultra_restricted].includes(
    true,
  );
}

function approverOf(user: SlackUser, approvers: readonly ApproverConfig[]): ApproverConfig | null {
  const byId = approvers.find(({ slack }) => slack === user.id);
  if (byId !== undefined) return byId;
  const email = user.is_email_confirmed === true ? user.profile?.email?.toLowerCase() : undefined;
  if (email === undefined || email === '') return null;
  // Who has named an id is reached by that id only.
  return approvers.find((one) => one.slack === undefined && one.email?.toLowerCase() === email) ?? null;
}
