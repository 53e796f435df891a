/**
 * Clicks in Slack. A button opens a dialog, which asks for a reason; sending it decides. Invariants: nothing
 * is looked at before its signature fits; who decides is asked of Slack at the moment of the decision; the
 * decision is `approvals.decide`'s, by the same rules as everywhere; what cannot be shown whole is refused.
 * Slack is answered in time (ACK_MS): what takes longer is answered by a note that only the person sees.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Approvals, Decision, Request } from '../approvals/request.ts';
import { checkApprover } from '../approvals/transitions.ts';
import type { ApproverConfig } from '../config/installation.ts';
import { PosternError } from '../errors.ts';
import type { ChannelLog } from './channel.ts';
import { ACK_MS, MAX_INTERACTIONS } from './limits.ts';
import { APPROVE, DENY, DIALOG, REASON_BLOCK, dialogOf, messageOf } from './slack-blocks.ts';
import type { DialogFacts } from './slack-blocks.ts';
import { personOf } from './slack-person.ts';
import { SlackSignatures } from './slack-signature.ts';
import type { Signed } from './slack-signature.ts';
import { updateMessage } from './slack.ts';
import type { SlackApp } from './slack.ts';
import { undecidable } from './summary.ts';
import { slackEscaped } from './text.ts';

const user = z.object({ id: z.string().max(50), team_id: z.string().max(50) });
const clickSchema = z.object({
  type: z.literal('block_actions'),
  user,
  trigger_id: z.string(),
  container: z.object({ channel_id: z.string(), message_ts: z.string() }),
  actions: z.array(z.object({ action_id: z.string(), value: z.string().optional() })).min(1),
});
const submissionSchema = z.object({
  type: z.literal('view_submission'),
  user,
  view: z.object({
    callback_id: z.string(),
    private_metadata: z.string(),
    state: z.object({
      values: z.record(z.string(), z.record(z.string(), z.looseObject({ value: z.string().nullish() }))),
    }),
  }),
});
const dialogSchema = z.strictObject({
  id: z.string(),
  decision: z.enum(['approve', 'deny']),
  channel: z.string(),
});
type Click = z.output<typeof clickSchema>;
type Submission = z.output<typeof submissionSchema>;

export type InteractionDeps = {
  readonly apps: readonly SlackApp[];
  readonly approvals: Pick<Approvals, 'get' | 'decide'>;
  readonly approvers: readonly ApproverConfig[];
  readonly linkOf: (id: string) => string | null;
  readonly log: ChannelLog;
  /** For tests. */
  readonly ackMs?: number;
};

/** What the HTTP answer says; null is an empty 200. */
export type Reply = object | null;

export class SlackInteractions {
  readonly #deps: InteractionDeps;
  readonly #apps: ReadonlyMap<string, SlackApp>;
  readonly #signatures: SlackSignatures;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(deps: InteractionDeps) {
    this.#deps = deps;
    this.#apps = new Map(deps.apps.map((app) => [app.signingSecret, app]));
    this.#signatures = new SlackSignatures([...this.#apps.keys()]);
  }

  /** @throws PosternError `signature-refused`, `api-busy`, `bad-input` */
  async handle(signed: Signed): Promise<Reply> {
    const secret = this.#signatures.accept(signed);
    const app = secret === null ? undefined : this.#apps.get(secret);
    if (app === undefined) throw new PosternError('signature-refused');
    if (this.#underWay.size >= MAX_INTERACTIONS)
      throw new PosternError('api-busy', { limit: MAX_INTERACTIONS, what: 'interactions' });
    const payload = payloadOf(signed.body);
    const click = clickSchema.safeParse(payload);
    if (click.success) {
      void this.#track(this.#clicked(app, click.data));
      return null;
    }
    const submission = submissionSchema.safeParse(payload);
    return submission.success ? this.#submitted(app, submission.data) : null;
  }

  async close(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const done = work.then(
      () => undefined,
      () => this.#deps.log.error({}, 'a click in Slack could not be answered'),
    );
    this.#underWay.add(done);
    void done.finally(() => this.#underWay.delete(done));
    return work;
  }

  async #clicked(app: SlackApp, click: Click): Promise<void> {
    const [action] = click.actions;
    const decision = action === undefined ? null : decisionOf(action.action_id);
    // Opening a link is told too, and needs no answer.
    if (decision === null || action?.value === undefined) return;
    const channel = click.container.channel_id;
    const note = (text: string): Promise<void> => this.#note(app, channel, click.user.id, text);
    const ready = await this.#prepare(app, click.user, { id: action.value, decision, channel });
    if (ready.kind === 'refused') return note(ready.why);
    const { request, facts } = ready;
    if (request.state !== 'pending') {
      const at = { channel, ts: click.container.message_ts };
      await updateMessage(app.api, at, messageOf(request, this.#deps.linkOf(request.id)));
      return note(`Request ${request.id} is no longer pending: it is ${request.state}.`);
    }
    const view = dialogOf(request, facts);
    const opened = await app.api.call('views.open', { trigger_id: click.trigger_id, view }, ACK_MS);
    if (opened.kind === 'ok') return;
    this.#deps.log.warn({ why: opened.why }, 'a dialog in Slack could not be opened');
    await note('Slack did not open the dialog, and nothing was decided. Try again.');
  }

  async #submitted(app: SlackApp, submission: Submission): Promise<Reply> {
    const { view } = submission;
    if (view.callback_id !== DIALOG) return null;
    const facts = dialogSchema.safeParse(parseJson(view.private_metadata));
    if (!facts.success) throw new PosternError('bad-input', { reason: 'the dialog is not one of Postern' });
    const reason = view.state.values[REASON_BLOCK]?.[REASON_BLOCK]?.value ?? '';
    const deciding = this.#track(this.#decide(app, submission.user, facts.data, reason));
    const late = Symbol('late');
    const refusal = await Promise.race([deciding, sleep(this.#deps.ackMs ?? ACK_MS, late, { ref: false })]);
    if (typeof refusal !== 'symbol')
      return refusal === null ? null : { response_action: 'errors', errors: { [REASON_BLOCK]: refusal } };
    const { id, channel } = facts.data;
    const told = deciding.then((why) =>
      this.#note(app, channel, submission.user.id, why ?? `Request ${id}: your decision is recorded.`),
    );
    void this.#track(told);
    return null;
  }

  /** Why it was not decided, for the person; null once it is. Never rejects. */
  async #decide(
    app: SlackApp,
    clicker: Click['user'],
    facts: DialogFacts,
    reason: string,
  ): Promise<string | null> {
    try {
      const ready = await this.#prepare(app, clicker, facts);
      if (ready.kind === 'refused') return ready.why;
      const { approver } = ready;
      await this.#deps.approvals.decide(facts.id, approver, facts.decision, reason, 'slack');
      return null;
    } catch (error) {
      return whyOf(error);
    }
  }

  /** Who it is, what it is about, and whether this person may decide it here. Never rejects. */
  async #prepare(app: SlackApp, clicker: Click['user'], facts: DialogFacts): Promise<Ready> {
    try {
      const { approvers, approvals, log } = this.#deps;
      const who = { userId: clicker.id, teamId: clicker.team_id };
      const person = await personOf(app.api, await app.teamId(), who, approvers);
      if (person.kind === 'nobody') {
        log.warn(
          { slackUser: clicker.id, request: facts.id, why: person.why },
          'a click in Slack was refused',
        );
        return { kind: 'refused', why: `${person.why} Nothing was decided.` };
      }
      const request = await Promise.resolve(approvals.get(facts.id));
      // Its beginning would fit another one tomorrow.
      if (request.id !== facts.id) throw new PosternError('not-found', { what: 'request', name: facts.id });
      const { approver } = person;
      if (request.state === 'pending') checkApprover(request, approver, facts.decision);
      const why = undecidable(request);
      return why === null ? { kind: 'ready', request, approver, facts } : { kind: 'refused', why };
    } catch (error) {
      return { kind: 'refused', why: whyOf(error) };
    }
  }

  /** A line that only this person sees. What comes of it is logged and nothing more. */
  async #note(app: SlackApp, channel: string, userId: string, text: string): Promise<void> {
    const body = { channel, user: userId, text: slackEscaped(text), parse: 'none', link_names: false };
    const answer = await app.api.call('chat.postEphemeral', body, ACK_MS);
    if (answer.kind !== 'ok') this.#deps.log.warn({ why: answer.why }, 'a person in Slack could not be told');
  }
}

type Ready =
  | { readonly kind: 'refused'; readonly why: string }
  | {
      readonly kind: 'ready';
      readonly request: Request;
      readonly approver: { readonly name: string; readonly groups: readonly string[] };
      readonly facts: DialogFacts;
    };

function decisionOf(actionId: string): Decision['decision'] | null {
  if (actionId === APPROVE) return 'approve';
  return actionId === DENY ? 'deny' : null;
}

/** Texts of the registry are made to be shown; anything else is not. */
function whyOf(error: unknown): string {
  return error instanceof PosternError
    ? `${error.message}. ${error.hint}`
    : 'Something went wrong inside Postern, and nothing was decided.';
}

/** @throws PosternError `bad-input` */
function payloadOf(body: Buffer): unknown {
  const payload = parseJson(new URLSearchParams(body.toString('utf8')).get('payload') ?? '');
  if (payload === undefined) throw new PosternError('bad-input', { reason: 'the payload is not JSON' });
  return payload;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
