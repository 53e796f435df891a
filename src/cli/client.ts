/**
 * The API as the CLI calls it. It has no private door: everything here is in /v1/openapi.json.
 *
 * Invariant: no redirect is followed, so the token goes to the url it was meant for and no other.
 */
import type { LoginView } from '../api/routes/login.ts';
import type { AgentView, GrantView, RequestView } from '../api/views.ts';
import type { TrailReport } from '../audit/chains.ts';
import type { SearchResult } from '../audit/search.ts';
import { PosternError } from '../errors.ts';
import type { Explanation } from '../policy/explain.ts';
import { ApiRefusal, UsageError } from './exit-codes.ts';
import { readEvents } from './event-stream.ts';

/** Milliseconds for an answer. Verifying a long trail is the slowest of them. */
const ANSWER_TIMEOUT_MS = 120_000;
/** Milliseconds without a byte on the event stream, after which it is dead: three heartbeats of the API. */
const STREAM_SILENCE_MS = 45_000;

/** A channel as the API lists it. */
export type ChannelView = {
  readonly name: string;
  readonly kind: string;
  readonly delivered: number;
  readonly failed: number;
  readonly retried: number;
  readonly waiting: number;
};
/** A token, or the way to a fresh one. */
export type Access = { readonly url: string; readonly token: string | (() => Promise<string>) };
export type Answer = 'approve' | 'deny' | 'escalate';
export type Who = {
  readonly name: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly expiresAt: string | null;
};
/** What the event stream tells: what is pending, in ids, and each request as it is. */
export type Told =
  | { readonly kind: 'snapshot'; readonly pending: readonly string[] }
  | { readonly kind: 'request'; readonly request: RequestView };

export type Client = {
  whoami(): Promise<Who>;
  requests(filter: {
    readonly state?: string;
    readonly agent?: string;
  }): Promise<{ requests: RequestView[] }>;
  request(id: string): Promise<RequestView>;
  /** The statement with its literals; the look is recorded. */
  text(id: string): Promise<{ id: string; text: string }>;
  decide(id: string, decision: Answer, reason: string): Promise<RequestView>;
  /** What is pending, then transitions as they happen. Ends when the API ends it. */
  events(): AsyncIterable<Told>;
  grant(asked: object): Promise<GrantView>;
  grants(filter: { readonly state?: string; readonly agent?: string }): Promise<{ grants: GrantView[] }>;
  grantOf(id: string): Promise<GrantView>;
  revoke(id: string, reason: string): Promise<GrantView>;
  agents(): Promise<{ agents: AgentView[] }>;
  addAgent(agent: object): Promise<{ agent: AgentView; password: string }>;
  rotateAgent(name: string): Promise<{ agent: AgentView; password: string }>;
  disableAgent(name: string): Promise<AgentView>;
  explain(question: {
    readonly sql: string;
    readonly agent: string;
    readonly database: string;
  }): Promise<Explanation>;
  channels(): Promise<{ channels: ChannelView[] }>;
  testChannel(name: string): Promise<{ name: string }>;
  verify(): Promise<TrailReport>;
  search(query: Readonly<Record<string, string>>): Promise<SearchResult>;
};

/** Every call throws ApiRefusal for a refusal and PosternError `api-unreachable` when nobody answers as Postern does. */
export function makeClient(connection: Access): Client {
  const get = async <T>(path: string): Promise<T> => answer<T>(await call(connection, 'GET', path));
  const post = async <T>(path: string, body?: object): Promise<T> =>
    answer<T>(await call(connection, 'POST', path, body));
  return {
    whoami: () => get('/v1/whoami'),
    requests: (filter) => get(`/v1/requests${queryOf({ ...filter })}`),
    request: (id) => get(`/v1/requests/${encodeURIComponent(id)}`),
    text: (id) => get(`/v1/requests/${encodeURIComponent(id)}/text`),
    decide: (id, decision, reason) =>
      post(`/v1/requests/${encodeURIComponent(id)}/decision`, { decision, reason }),
    events: () => followEvents(connection),
    grant: (asked) => post('/v1/grants', asked),
    grants: (filter) => get(`/v1/grants${queryOf({ ...filter })}`),
    grantOf: (id) => get(`/v1/grants/${encodeURIComponent(id)}`),
    revoke: (id, reason) => post(`/v1/grants/${encodeURIComponent(id)}/revoke`, { reason }),
    agents: () => get('/v1/agents'),
    addAgent: (agent) => post('/v1/agents', agent),
    rotateAgent: (name) => post(`/v1/agents/${encodeURIComponent(name)}/rotate`),
    disableAgent: (name) => post(`/v1/agents/${encodeURIComponent(name)}/disable`),
    explain: (question) => post('/v1/policy/explain', question),
    channels: () => get('/v1/channels'),
    testChannel: (name) => post(`/v1/channels/${encodeURIComponent(name)}/test`),
    verify: () => get('/v1/audit/verify'),
    search: (query) => get(`/v1/audit/search${queryOf(query)}`),
  };
}

/** How to sign in; needs no token. */
export async function askLogin(url: string): Promise<LoginView> {
  return answer<LoginView>(await call({ url, token: '' }, 'GET', '/v1/login'));
}

async function call(
  connection: Access,
  method: string,
  path: string,
  body?: object,
  signal?: AbortSignal,
): Promise<Response> {
  const { token } = connection;
  const bearer = typeof token === 'string' ? token : await token();
  try {
    return await fetch(connection.url + path, {
      method,
      redirect: 'error',
      signal: signal ?? AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      headers: {
        ...(bearer === '' ? {} : { authorization: `Bearer ${bearer}` }),
        'postern-channel': 'cli',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new PosternError('api-unreachable', { url: connection.url });
  }
}

async function answer<T>(response: Response): Promise<T> {
  const value = await bodyOf(response);
  if (response.ok) return value as T;
  throw refusal(response, value);
}

async function bodyOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw new PosternError('api-unreachable', { url: new URL(response.url).origin });
  }
}

function refusal(response: Response, value: unknown): Error {
  const error = (value as { error?: { code?: unknown; message?: unknown; hint?: unknown } } | null)?.error;
  if (typeof error?.code !== 'string' || typeof error.message !== 'string') {
    return new PosternError('api-unreachable', { url: new URL(response.url).origin });
  }
  return new ApiRefusal(
    response.status,
    error.code,
    error.message,
    typeof error.hint === 'string' ? error.hint : '',
  );
}

async function* followEvents(connection: Access): AsyncGenerator<Told> {
  const abort = new AbortController();
  const silence = setTimeout(() => abort.abort(), STREAM_SILENCE_MS);
  try {
    const response = await call(connection, 'GET', '/v1/events', undefined, abort.signal);
    if (!response.ok) throw refusal(response, await bodyOf(response));
    if (response.body === null) return;
    for await (const event of readEvents(response.body, () => silence.refresh())) {
      if (event.name === 'request') yield { kind: 'request', request: JSON.parse(event.data) as RequestView };
      if (event.name === 'snapshot') {
        const { pending } = JSON.parse(event.data) as { pending: string[] };
        yield { kind: 'snapshot', pending };
      }
    }
  } catch (error) {
    if (error instanceof PosternError || error instanceof ApiRefusal || error instanceof UsageError)
      throw error;
    throw new PosternError('api-unreachable', { url: connection.url });
  } finally {
    clearTimeout(silence);
    abort.abort();
  }
}

function queryOf(values: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, value);
  return query.size === 0 ? '' : `?${query.toString()}`;
}
