/** The shape of `channels:` in postern.yaml: where requests are shown to people, and which of them go where. */
import { z } from 'zod';
import { ACTIONS } from '../sql/statement.ts';
import { MAX_CHANNEL_SECRETS, MAX_CHANNELS, MAX_URL_LENGTH } from './limits.ts';
import { secret } from './secret-schema.ts';
import { exactName, label, oneOrMore } from './values.ts';

/** Every key that is given must fit. */
const routing = z.strictObject({
  environment: oneOrMore(exactName()).optional(),
  database: oneOrMore(exactName()).optional(),
  agent: oneOrMore(exactName()).optional(),
  group: oneOrMore(exactName()).optional(),
  action: oneOrMore(z.enum(ACTIONS)).optional(),
});

export const url = z.string().min(1, 'must not be empty').max(MAX_URL_LENGTH, 'the address is too long');

const common = { name: exactName(), for: routing.optional() };

const slack = z.strictObject({
  ...common,
  kind: z.literal('slack'),
  channel: label().regex(/^(#[^\s#@<>]+|[CG][A-Z0-9]{2,})$/, 'expected #name or the id of a channel'),
  token: secret,
  signingSecret: secret,
  apiUrl: url.optional(),
});

const teams = z.strictObject({ ...common, kind: z.literal('teams'), url: secret });

const webhook = z.strictObject({
  ...common,
  kind: z.literal('webhook'),
  url,
  secrets: z
    .array(secret)
    .min(1, 'at least one secret is needed to sign with')
    .max(MAX_CHANNEL_SECRETS, `at most ${MAX_CHANNEL_SECRETS} secrets`),
});

const channel = z.discriminatedUnion('kind', [slack, teams, webhook]);
export type WrittenChannel = z.output<typeof channel>;

export const channelsSchema = z.array(channel).max(MAX_CHANNELS);
