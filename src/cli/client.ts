/**
 * The API as the CLI calls it. It has no private door: everything here is in /v1/openapi.json.
 *
 * Invariant: no redirect is followed, so the token goes to the url it was meant for and no other.
 */
import type { AgentView, RequestView } from '../api/views.ts';
import type { SearchResult } from '../audit/search.ts';
import type { VerifyReport } from '../audit/verify.ts';
import { PosternError } from '../errors.ts';
import type { Explanation } from '../policy/explain.ts';
import type { Connection } from './connection.ts';
import { ApiRefusal } from './exit-codes.ts';
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

export type Client = {
  requests(filter: {
    readonly state?: string;
    readonly agent?: string;
  }): Promise<{ requests: RequestView[] }>;
  request(id: string): Promise<RequestView>;
  decide(id: string, decision: 'approve' | 'deny', reason: string): Promise<RequestView>;
  /** Transitions as they happen. `null` comes first, once the stream follows. Ends when the API ends it. */
  events(): AsyncIterable<RequestView | null>;
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
  verify(): Promise<VerifyReport>;
  search(query: Readonly<Record<string, string>>): Promise<SearchResult>;
};

/** Every call throws ApiRefusal for a refusal and PosternError `api-unreachable` when nobody answers as Postern does. */
export function makeClient(connection: Connection): Client {
  const get = async <T>(path: string): Promise<T> => answer<T>(await call(connection, 'GET', path));
  const post = async <T>(path: string, body?: object): Promise<T> =>
    answer<T>(await call(connection, 'POST', path, body));
  return {
    requests: (filter) => get(`/v1/requests${queryOf({ ...filter })}`),
    request: (id) => get(`/v1/requests/${encodeURIComponent(id)}`),
    decide: (id, decision, reason) => post(`/v1/requests/${encodeURIComponent(id)}/${decision}`, { reason }),
    events: () => followEvents(connection),
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

async function call(
  connection: Connection,
  method: string,
  path: string,
  body?: object,
  signal?: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(connection.url + path, {
      method,
      redirect: 'error',
      signal: signal ?? AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      headers: {
        authorization: `Bearer ${connection.token}`,
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

async function* followEvents(connection: Connection): AsyncGenerator<RequestView | null> {
  const abort = new AbortController();
  const silence = setTimeout(() => abort.abort(), STREAM_SILENCE_MS);
  try {
    const response = await call(connection, 'GET', '/v1/events', undefined, abort.signal);
    if (!response.ok) throw refusal(response, await bodyOf(response));
    if (response.body === null) return;
    yield null;
    for await (const event of readEvents(response.body, () => silence.refresh())) {
      if (event.name === 'request') yield JSON.parse(event.data) as RequestView;
    }
  } catch (error) {
    if (error instanceof PosternError || error instanceof ApiRefusal) throw error;
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
