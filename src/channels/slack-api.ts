/**
 * Slack's Web API, as far as Postern uses it. Slack answers most failures with HTTP 200 and `ok: false`.
 * Invariant: the token goes to `apiUrl` and nowhere else, and into no message. Never rejects.
 */
import { z } from 'zod';
import type { SlackConfig } from '../config/channel-config.ts';
import type { Attempt } from './outbox.ts';
import { post } from './post.ts';

export type SlackAnswer =
  | { readonly kind: 'ok'; readonly body: Readonly<Record<string, unknown>> }
  | Exclude<Attempt, { kind: 'delivered' | 'skipped' }>;

export type SlackApi = {
  /** Methods that write take JSON. */
  call(method: string, body: object, timeoutMs?: number): Promise<SlackAnswer>;
  /** Methods that read take forms only. */
  read(method: string, fields: Readonly<Record<string, string>>, timeoutMs?: number): Promise<SlackAnswer>;
};

const answerSchema = z.looseObject({ ok: z.boolean(), error: z.string().optional() });

/** Errors of docs.slack.dev's methods that are about the moment and not about the call. */
const PASSING: ReadonlySet<string> = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);

export function slackApi({ apiUrl, token }: Pick<SlackConfig, 'apiUrl' | 'token'>): SlackApi {
  const authorization = `Bearer ${token}`;
  const send = async (
    method: string,
    contentType: string,
    body: string,
    timeoutMs: number | undefined,
  ): Promise<SlackAnswer> => {
    const headers = { authorization, 'content-type': contentType };
    const url = `${apiUrl}/${method}`;
    const answer = await post({ url, headers, body, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    if (answer.kind === 'failed') return { kind: 'retry', why: `${method}: ${answer.why}`, afterMs: null };
    const { status, retryAfterMs } = answer;
    if (status !== 200)
      return { kind: 'retry', why: `${method}: Slack answered ${status}`, afterMs: retryAfterMs };
    const parsed = answerSchema.safeParse(parseJson(answer.body));
    if (!parsed.success)
      return { kind: 'retry', why: `${method}: Slack's answer cannot be read`, afterMs: null };
    if (parsed.data.ok) return { kind: 'ok', body: parsed.data };
    const error = /^[a-z0-9_]{1,60}$/.exec(parsed.data.error ?? '')?.[0] ?? 'an unknown error';
    const why = `${method}: ${error}`;
    return PASSING.has(error) ? { kind: 'retry', why, afterMs: retryAfterMs } : { kind: 'rejected', why };
  };
  return {
    call: (method, body, timeoutMs) =>
      send(method, 'application/json; charset=utf-8', JSON.stringify(body), timeoutMs),
    read: (method, fields, timeoutMs) =>
      send(method, 'application/x-www-form-urlencoded', String(new URLSearchParams(fields)), timeoutMs),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
