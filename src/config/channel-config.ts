/**
 * Channels as values, from what postern.yaml says of them. Invariant: a secret travels only to https, or to
 * this machine; whatever is wrong is reported with its line, and no message repeats a secret or an address
 * that may hold one. Nothing is opened here.
 */
import type { WrittenChannel } from './channel-schema.ts';
import { MAX_WEBHOOK_KEY_BYTES, MIN_WEBHOOK_KEY_BYTES } from './limits.ts';
import type { Path } from './problem.ts';
import type { WrittenSecret } from './secret-schema.ts';

/** What a request must be for a channel to get it. Null: does not matter. A group is one that may decide it. */
export type Routing = {
  readonly environment: readonly string[] | null;
  readonly database: readonly string[] | null;
  readonly agent: readonly string[] | null;
  readonly group: readonly string[] | null;
  readonly action: readonly string[] | null;
};

type Base = { readonly name: string; readonly routing: Routing };

export type SlackConfig = Base & {
  readonly kind: 'slack';
  readonly channel: string;
  readonly token: string;
  readonly signingSecret: string;
  /** Without a slash at its end. */
  readonly apiUrl: string;
};
/** The address of a Teams workflow holds its key, so all of it is a secret. */
export type TeamsConfig = Base & { readonly kind: 'teams'; readonly url: string };
/** The first key is the newest; each signs. */
export type WebhookConfig = Base & {
  readonly kind: 'webhook';
  readonly url: string;
  readonly keys: readonly Buffer[];
};
export type ChannelConfig = SlackConfig | TeamsConfig | WebhookConfig;

export const DEFAULT_SLACK_API_URL = 'https://slack.com/api';

export type ChannelReader = {
  /** The secret's text, or an empty text after reporting why there is none. */
  secret(path: Path, written: WrittenSecret): string;
  bad(path: Path, message: string, suggestion: string | null): void;
  readonly isLoopback: (host: string) => boolean;
};

export function channelConfigs(
  written: readonly WrittenChannel[],
  reader: ChannelReader,
): readonly ChannelConfig[] {
  const names = new Set<string>();
  const configs = written.map((one, index): ChannelConfig => {
    const at: Path = ['channels', index];
    if (names.has(one.name))
      reader.bad([...at, 'name'], `there is already a channel "${one.name}"`, 'give each its own name');
    names.add(one.name);
    return channelConfig(one, at, reader);
  });
  checkSlackApps(configs, reader);
  return configs;
}

function channelConfig(one: WrittenChannel, at: Path, reader: ChannelReader): ChannelConfig {
  const base = { name: one.name, routing: routingOf(one.for ?? {}) };
  switch (one.kind) {
    case 'slack': {
      const apiUrl = one.apiUrl ?? DEFAULT_SLACK_API_URL;
      checkUrl([...at, 'apiUrl'], apiUrl, reader);
      const token = reader.secret([...at, 'token'], one.token);
      // A user's token (xoxp-) would post, and read e-mail addresses, as that person.
      if (token !== '' && !token.startsWith('xoxb-'))
        reader.bad([...at, 'token'], 'this is no bot token', 'a bot token begins with xoxb-');
      const signingSecret = reader.secret([...at, 'signingSecret'], one.signingSecret);
      return {
        ...base,
        kind: 'slack',
        channel: one.channel,
        token,
        signingSecret,
        apiUrl: apiUrl.replace(/\/+$/, ''),
      };
    }
    case 'teams': {
      const url = reader.secret([...at, 'url'], one.url);
      if (url !== '') checkUrl([...at, 'url'], url, reader);
      return { ...base, kind: 'teams', url };
    }
    case 'webhook': {
      checkUrl([...at, 'url'], one.url, reader);
      const keys = one.secrets.map((secret, i) => {
        const path = [...at, 'secrets', i];
        return webhookKey(reader.secret(path, secret), path, reader);
      });
      return { ...base, kind: 'webhook', url: one.url, keys };
    }
  }
}

/** What is wrong with an address that secrets or requests would be sent to; null where nothing is. */
export function urlFault(text: string, isLoopback: (host: string) => boolean): string | null {
  if (!URL.canParse(text)) return 'this is no address';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'an address must not hold a name or a password';
  if (url.protocol === 'https:') return null;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return url.protocol === 'http:' && isLoopback(host)
    ? null
    : 'only https is used, except on this machine itself';
}

function checkUrl(path: Path, text: string, reader: ChannelReader): void {
  const fault = urlFault(text, reader.isLoopback);
  if (fault !== null) reader.bad(path, fault, 'write https://…');
}

/** `whsec_` and base64, as Standard Webhooks writes keys. */
function webhookKey(text: string, path: Path, reader: ChannelReader): Buffer {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
  const key = base64 === undefined ? Buffer.alloc(0) : Buffer.from(base64, 'base64');
  if (text !== '' && (key.length < MIN_WEBHOOK_KEY_BYTES || key.length > MAX_WEBHOOK_KEY_BYTES)) {
    reader.bad(
      path,
      `the key is not whsec_ and ${MIN_WEBHOOK_KEY_BYTES} to ${MAX_WEBHOOK_KEY_BYTES} bytes in base64`,
      'make one with: echo "whsec_$(openssl rand -base64 32)"',
    );
  }
  return key;
}

/** A click says by its signature which app it came through, and so which token answers it. */
function checkSlackApps(configs: readonly ChannelConfig[], reader: ChannelReader): void {
  const tokens = new Map<string, string>();
  for (const [index, config] of configs.entries()) {
    if (config.kind !== 'slack' || config.signingSecret === '' || config.token === '') continue;
    const before = tokens.get(config.signingSecret);
    if (before !== undefined && before !== config.token)
      reader.bad(
        ['channels', index, 'token'],
        'another channel has the same signing secret and another token',
        'make one Slack app a workspace',
      );
    tokens.set(config.signingSecret, config.token);
  }
}

type WrittenRouting = { readonly [K in keyof Routing]?: readonly string[] | undefined };

function routingOf(written: WrittenRouting): Routing {
  return {
    environment: written.environment ?? null,
    database: written.database ?? null,
    agent: written.agent ?? null,
    group: written.group ?? null,
    action: written.action ?? null,
  };
}
