/**
 * All channels of an installation: which request goes to which, and the roads back from them. Invariant: a
 * change of a request costs its decider, and the statement that waits for it, no more than putting it into
 * queues; nothing a channel does or fails to do changes a request, except a decision by `approvals.decide`.
 */
import type { FastifyInstance } from 'fastify';
import type { Approvals, Request } from '../approvals/request.ts';
import type { ChannelConfig, Routing, SlackConfig } from '../config/channel-config.ts';
import type { ApproverConfig } from '../config/installation.ts';
import { PosternError } from '../errors.ts';
import { changeOf } from './change.ts';
import type { Channel, ChannelContext, ChannelLog } from './channel.ts';
import { MAX_POSTED } from './limits.ts';
import type { Counts, RetryTimes } from './outbox.ts';
import { channelRoutes, slackRoutes } from './routes.ts';
import { SlackInteractions } from './slack-interactions.ts';
import { openSlack, slackApps } from './slack.ts';
import { openTeams } from './teams.ts';
import { Throttle } from './throttle.ts';
import { openWebhook } from './webhook.ts';

export type ChannelsOptions = {
  readonly configs: readonly ChannelConfig[];
  readonly approvers: readonly ApproverConfig[];
  /** Where people reach Postern; null leaves links out. */
  readonly publicUrl: string | null;
  readonly log: ChannelLog;
  readonly times?: RetryTimes;
  /** For tests: how long an interaction of Slack may take. */
  readonly ackMs?: number;
};

export type ChannelStatus = { readonly name: string; readonly kind: string } & Counts;

type Entry = {
  readonly config: ChannelConfig;
  readonly channel: Channel;
  readonly throttle: Throttle;
  /** Requests its people were not told of. */
  readonly muted: Set<string>;
};

export class Channels {
  readonly #options: ChannelsOptions;
  readonly #entries: readonly Entry[];
  readonly #linkOf: (id: string) => string | null;
  #interactions: SlackInteractions | null = null;
  #unsubscribe: () => void = () => undefined;

  constructor(options: ChannelsOptions) {
    const { configs, publicUrl, log, times } = options;
    this.#options = options;
    this.#linkOf = (id) => (publicUrl === null ? null : `${publicUrl}/requests/${encodeURIComponent(id)}`);
    const context = { log, linkOf: this.#linkOf, ...(times === undefined ? {} : { times }) };
    this.#entries = configs.map((config) => ({
      config,
      channel: openChannel(config, context),
      throttle: new Throttle(),
      muted: new Set(),
    }));
  }

  /** From here on each change of a request is told. Once only. */
  follow(approvals: Pick<Approvals, 'subscribe' | 'get' | 'decide'>): void {
    const { configs, approvers, log, ackMs } = this.#options;
    const slack = configs.filter((config): config is SlackConfig => config.kind === 'slack');
    const apps = slackApps(slack);
    this.#unsubscribe = approvals.subscribe((request, here) =>
      here ? this.#tell(request) : this.#refresh(request),
    );
    if (apps.length === 0) return;
    this.#interactions = new SlackInteractions({
      apps,
      approvals,
      approvers,
      log,
      linkOf: this.#linkOf,
      ...(ackMs === undefined ? {} : { ackMs }),
    });
    // The first click has 3 s, and should not need to ask.
    for (const app of apps)
      void app.teamId().then((team) => {
        if (team === null) log.warn({}, 'Slack does not accept the bot token, or cannot be reached');
      });
  }

  /** Adds the routes of channels to the API. Call it after `follow`. */
  readonly routes = (app: FastifyInstance): void => {
    channelRoutes(app, this);
    if (this.#interactions !== null) slackRoutes(app, this.#interactions);
  };

  list(): readonly ChannelStatus[] {
    return this.#entries.map(({ config, channel }) => ({
      name: config.name,
      kind: config.kind,
      ...channel.counts,
    }));
  }

  /** Sends a test message and waits for it. @throws PosternError `not-found`, `channel-failed` */
  async test(name: string): Promise<void> {
    const entry = this.#entries.find(({ config }) => config.name === name);
    if (entry === undefined) throw new PosternError('not-found', { what: 'channel', name });
    const went = await entry.channel.test();
    switch (went.kind) {
      case 'delivered':
      case 'skipped':
        return;
      case 'retry':
      case 'rejected':
        throw new PosternError('channel-failed', { name, reason: went.why });
    }
  }

  /** Tells nothing new; what is queued gets a moment. Call it after the approvals have ended. */
  async close(): Promise<void> {
    this.#unsubscribe();
    await Promise.all([this.#interactions?.close(), ...this.#entries.map(({ channel }) => channel.close())]);
  }

  /** Another Postern took the step, and tells of it; what was posted from here is only kept true. */
  #refresh(request: Request): void {
    for (const { channel } of this.#entries) channel.refresh?.(request);
  }

  #tell(request: Request): void {
    const kind = changeOf(request);
    const goesTo = this.#entries.filter(({ config }) => fits(config.routing, request));
    if (goesTo.length === 0 && this.#entries.length > 0 && kind === 'request_created')
      this.#options.log.warn({ request: request.id }, 'no channel takes this request');
    for (const { channel, throttle, muted } of goesTo) {
      const allowed =
        kind === 'request_created' && channel.hint !== null ? throttle.next(request.agent) : 'tell';
      if (allowed !== 'tell' && muted.size < MAX_POSTED) muted.add(request.id);
      if (allowed === 'hint') channel.hint?.(request);
      if (!muted.has(request.id)) channel.tell(request, kind);
      if (request.state !== 'pending' && request.state !== 'approved') muted.delete(request.id);
    }
  }
}

function openChannel(config: ChannelConfig, context: ChannelContext): Channel {
  switch (config.kind) {
    case 'slack':
      return openSlack(config, context);
    case 'teams':
      return openTeams(config, context);
    case 'webhook':
      return openWebhook(config, context);
  }
}

/** Who may decide it now. */
function groupsOf({ approverGroups, escalation, escalatedAt }: Request): readonly string[] {
  const groups = approverGroups.flat();
  return typeof escalatedAt === 'string' ? [...groups, ...(escalation?.to ?? [])] : groups;
}

/** Every key of the route that is given must fit; `group` is one that may decide the request. */
export function fits(routing: Routing, request: Request): boolean {
  const has = (wanted: readonly string[] | null, ...values: readonly string[]): boolean =>
    wanted === null || values.some((value) => wanted.includes(value));
  return (
    has(routing.environment, request.environment) &&
    has(routing.database, request.database) &&
    has(routing.agent, request.agent) &&
    has(routing.group, ...groupsOf(request)) &&
    has(routing.action, ...request.actions.map(({ action }) => action))
  );
}
