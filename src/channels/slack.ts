/**
 * A Slack channel: one message a request, changed whenever the request changes, whoever decided it and
 * wherever. Invariant: the queue keeps the order of one request's messages, so the last state shown is the last
 * there was. Where messages stand is kept in memory: those of a process before this one keep their buttons
 * until somebody clicks (`slack-interactions.ts` then shows how it ended).
 */
import { z } from 'zod';
import type { Request } from '../approvals/request.ts';
import type { SlackConfig } from '../config/channel-config.ts';
import { changeId, changeOf } from './change.ts';
import type { Channel, ChannelContext } from './channel.ts';
import { failureLogger } from './channel.ts';
import { ACK_MS, MAX_POSTED } from './limits.ts';
import type { Attempt } from './outbox.ts';
import { Outbox } from './outbox.ts';
import { slackApi } from './slack-api.ts';
import type { SlackAnswer, SlackApi } from './slack-api.ts';
import { hintOf, messageOf, testMessage } from './slack-blocks.ts';
import type { Message } from './slack-blocks.ts';

/** Where a message stands. `channel` is an id, which `chat.update` wants, and not a name. */
export type Posted = { readonly channel: string; readonly ts: string };

const postedSchema = z.object({ channel: z.string(), ts: z.string() });

/** Nothing in a message is looked up, linked, unfolded or read as markup. */
const INERT = { parse: 'none', link_names: false, mrkdwn: false, unfurl_links: false, unfurl_media: false };

export function openSlack(config: SlackConfig, { log, linkOf, times }: ChannelContext): Channel {
  const api = slackApi(config);
  const posted = new Map<string, Posted>();
  const outbox = new Outbox({
    onFailure: failureLogger(log, config.name),
    ...(times === undefined ? {} : { times }),
  });
  const postMessage = (message: Message): Promise<SlackAnswer> =>
    api.call('chat.postMessage', { channel: config.channel, ...message, ...INERT });

  const announce = async (request: Request): Promise<Attempt> => {
    const answer = await postMessage(messageOf(request, linkOf(request.id)));
    if (answer.kind !== 'ok') return answer;
    const read = postedSchema.safeParse(answer.body);
    if (!read.success) return { kind: 'rejected', why: 'Slack does not say where the message stands' };
    posted.set(request.id, read.data);
    const oldest = posted.size > MAX_POSTED ? posted.keys().next() : null;
    if (oldest?.done === false) posted.delete(oldest.value);
    return { kind: 'delivered' };
  };
  const change = async (request: Request): Promise<Attempt> => {
    const at = posted.get(request.id);
    if (at === undefined) return { kind: 'skipped' };
    const went = delivered(await updateMessage(api, at, messageOf(request, linkOf(request.id))));
    // An approved request may still be spent or lapse.
    if (went.kind === 'delivered' && request.state !== 'pending' && request.state !== 'approved')
      posted.delete(request.id);
    return went;
  };

  return {
    get counts() {
      return outbox.counts;
    },
    tell(request, kind) {
      outbox.push(request.id, changeId(request, kind), () => {
        // Those it is escalated to may read another channel than those who were asked first.
        const isNews =
          kind === 'request_created' || (kind === 'request_escalated' && !posted.has(request.id));
        return isNews ? announce(request) : change(request);
      });
    },
    refresh(request) {
      outbox.push(request.id, changeId(request, changeOf(request)), () => change(request));
    },
    hint(request) {
      outbox.push(request.id, `${request.id}.hint`, async () =>
        delivered(await postMessage(hintOf(request))),
      );
    },
    test: async () => delivered(await postMessage(testMessage())),
    close: () => outbox.close(),
  };
}

export function updateMessage(api: SlackApi, at: Posted, message: Message): Promise<SlackAnswer> {
  return api.call('chat.update', { ...at, ...message, parse: 'none', link_names: false });
}

function delivered(answer: SlackAnswer): Attempt {
  return answer.kind === 'ok' ? { kind: 'delivered' } : answer;
}

/** A workspace's app: what its clicks are signed with, and who answers them. */
export type SlackApp = {
  readonly signingSecret: string;
  readonly api: SlackApi;
  /** The workspace of the token; null while Slack does not say. */
  teamId(): Promise<string | null>;
};

const teamSchema = z.object({ team_id: z.string() });

export function slackApps(configs: readonly SlackConfig[]): readonly SlackApp[] {
  const bySecret = new Map(configs.map((config) => [config.signingSecret, config]));
  return [...bySecret.values()].map((config) => {
    const api = slackApi(config);
    let known: string | null = null;
    return {
      signingSecret: config.signingSecret,
      api,
      async teamId() {
        if (known !== null) return known;
        const answer = await api.call('auth.test', {}, ACK_MS);
        const read = answer.kind === 'ok' ? teamSchema.safeParse(answer.body) : null;
        known = read?.success === true ? read.data.team_id : null;
        return known;
      },
    };
  });
}
