/**
 * From an authenticated StartupMessage to a running session: which database, whose gate, the upstream
 * connection, Postern's own cancel key.
 */
import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Grants } from '../approvals/grant.ts';
import type { AgentRecord, Approvals } from '../approvals/request.ts';
import type { RowLedger } from '../approvals/row-ledger.ts';
import type { Trail } from '../audit/event.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { DatabaseConfig, Limits, Login } from '../config/installation.ts';
import { PosternError } from '../errors.ts';
import { confirmBy } from '../gate/bound-objects.ts';
import { Gate } from '../gate/gate.ts';
import type { Estimator } from '../gate/held.ts';
import type { Judge } from '../gate/judge.ts';
import { Session } from '../session/session.ts';
import { PINNED } from '../session/settings.ts';
import { encodeBackendKeyData } from '../wire/server/backend-key-data.ts';
import { encodeParameterStatus } from '../wire/server/parameter-status.ts';
import { encodeReadyForQuery } from '../wire/server/ready-for-query.ts';
import type { CancelKeys } from './cancel-keys.ts';
import type { Startup } from './client-startup.ts';
import { startSettings } from './start-settings.ts';
import { cancelUpstream, dial, type Upstream } from './upstream.ts';

export type DatabaseRuntime = {
  readonly config: DatabaseConfig;
  readonly catalog: Catalog;
  readonly judgeFor: (agent: AgentRecord) => Judge;
  /** Asks the planner about held statements, as the login of that name. */
  readonly estimatorFor: (login: string) => Estimator;
};

export type StarterParts = {
  readonly databases: ReadonlyMap<string, DatabaseRuntime>;
  readonly approvals: Approvals;
  readonly grants: Grants;
  readonly trail: Trail;
  readonly cancelKeys: CancelKeys;
  readonly limits: Limits;
  readonly maskKey: Uint8Array;
  /** `trail.sync: always`. */
  readonly recordFirst: boolean;
  readonly rowLedger: RowLedger;
  readonly log: Logger;
  /** Told how long connecting and logging in to a database took. */
  readonly connected: (database: string, seconds: number) => void;
  /** For sessions on a database: told now and then how many seconds it took to begin an answer. */
  readonly answered: (database: string) => (seconds: number) => void;
};

export type Client = {
  readonly socket: Duplex;
  readonly address: string;
  readonly startup: Startup;
  readonly agent: AgentRecord;
};

/**
 * Connects the agent to its database and tells the client so, up to ReadyForQuery.
 * @param takeRest gives what the client sent behind its start-up, at the moment the session takes over
 * @throws PosternError `database-unknown`, `upstream-unavailable`, and what `startSettings` throws
 */
export async function startSession(
  parts: StarterParts,
  client: Client,
  takeRest: () => Buffer,
  onClosed: (session: Session) => void,
): Promise<Session> {
  const { agent, startup } = client;
  const runtime = databaseFor(parts, agent, startup.parameters.get('database') ?? agent.name);
  const login = runtime.config.logins.get(agent.login);
  if (login === undefined) {
    throw new PosternError('upstream-unavailable', {
      reason: `this agent's login "${agent.login}" is not configured`,
    });
  }
  const sessionId = randomUUID();
  const log = parts.log.child({ session: sessionId, agent: agent.name });
  const asker = { sessionId, owner: agent.owner, role: login.user, recordFirst: parts.recordFirst };
  const gate = new Gate(
    runtime.judgeFor(agent),
    asker,
    parts.trail,
    parts.approvals,
    runtime.estimatorFor(agent.login),
    confirmBy(runtime.catalog),
  );
  const settings = startSettings(startup, gate);
  const upstream = await open(parts, runtime, login, settings);
  try {
    noteOpened(parts, client, sessionId, runtime.config.name);
  } catch (error) {
    upstream.socket.destroy();
    throw error;
  }
  const { key } = upstream;
  const issued: { pid: number } = { pid: 0 };
  const session = new Session({
    client: client.socket,
    upstream: upstream.socket,
    gate,
    catalog: runtime.catalog,
    maskKey: parts.maskKey,
    limits: parts.limits,
    log,
    upstreamPid: key?.pid ?? 0,
    startSettings: settings,
    rowAccount: (rule) => parts.rowLedger.account(agent.name, rule),
    sessionId,
    grants: parts.grants.of(agent.name, runtime.config.name),
    upstreamAnswered: parts.answered(runtime.config.name),
    followReads: (progress) => upstream.reads?.follow(progress),
    cancelUpstream: () =>
      key === null
        ? Promise.resolve()
        : cancelUpstream(runtime.config, key, parts.limits.upstreamConnectTimeoutMs),
    onClosed: (reason) => {
      parts.cancelKeys.revoke(issued.pid);
      noteClosed(parts, sessionId, agent.name, reason);
      onClosed(session);
    },
  });
  welcome(parts, client, upstream, session, issued);
  session.start(takeRest(), upstream.rest);
  return session;
}

function databaseFor(parts: StarterParts, agent: AgentRecord, name: string): DatabaseRuntime {
  const runtime = parts.databases.get(name);
  const allowed = agent.databases.includes('*') || agent.databases.includes(name);
  // A database the agent may not use looks like one that is not there.
  if (runtime === undefined || !allowed) throw new PosternError('database-unknown', { database: name });
  return runtime;
}

async function open(
  parts: StarterParts,
  runtime: DatabaseRuntime,
  login: Login,
  parameters: ReadonlyMap<string, string>,
): Promise<Upstream> {
  const timeoutMs = parts.limits.upstreamConnectTimeoutMs;
  const startedAt = performance.now();
  const upstream = await dial({ database: runtime.config, login, parameters, timeoutMs });
  parts.connected(runtime.config.name, (performance.now() - startedAt) / 1000);
  for (const [name, value] of PINNED) {
    if (upstream.parameters.get(name) === value) continue;
    upstream.socket.destroy();
    throw new PosternError('upstream-unavailable', { reason: `it does not keep ${name} at ${value}` });
  }
  return upstream;
}

function welcome(
  parts: StarterParts,
  client: Client,
  upstream: Upstream,
  session: Session,
  issued: { pid: number },
): void {
  const messages = [...upstream.parameters].map(([name, value]) => encodeParameterStatus(name, value));
  if (upstream.key !== null) {
    const { pid, key } = parts.cancelKeys.issue(session, client.startup.minor, upstream.key.pid);
    issued.pid = pid;
    session.knownAs(pid);
    messages.push(encodeBackendKeyData(pid, key));
  }
  messages.push(encodeReadyForQuery('I'));
  client.socket.write(Buffer.concat(messages));
}

function noteOpened(parts: StarterParts, client: Client, sessionId: string, database: string): void {
  parts.trail.note({
    kind: 'session_opened',
    session_id: sessionId,
    agent: client.agent.name,
    database,
    client_address: client.address,
    application: client.startup.parameters.get('application_name')?.slice(0, 64) ?? '',
  });
}

function noteClosed(parts: StarterParts, sessionId: string, agent: string, reason: string): void {
  try {
    parts.trail.note({ kind: 'session_closed', session_id: sessionId, agent, reason });
  } catch (error) {
    parts.log.error({ err: error }, 'the end of a session could not be recorded');
  }
}
