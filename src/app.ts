/**
 * The composition root: configuration → running system. The only file that knows everything; it decides
 * nothing itself. What it starts it stops, in the opposite order, and a start that fails half-way leaves
 * nothing behind.
 */
import { randomBytes } from 'node:crypto';
import pino, { type Logger } from 'pino';
import { startApi } from './api/server.ts';
import { AgentWatch } from './approvals/agent-watch.ts';
import { openAgents } from './approvals/agents.ts';
import { openGrants, type GrantService } from './approvals/grants.ts';
import type { Agents } from './approvals/request.ts';
import { RowLedger } from './approvals/row-ledger.ts';
import { openApprovals, type ApprovalService } from './approvals/service.ts';
import type { Store } from './approvals/store.ts';
import { verifyChains } from './audit/chains.ts';
import { realIo, type TrailIo } from './audit/folder.ts';
import type { AuditEvent, Trail } from './audit/event.ts';
import { searchTrail } from './audit/search.ts';
import { openTrail, type FileTrail } from './audit/trail-writer.ts';
import { Channels } from './channels/channels.ts';
import type { Installation } from './config/installation.ts';
import { readInstallation } from './config/read-installation.ts';
import { PosternError } from './errors.ts';
import { masked } from './masking/counted.ts';
import { derivedKey } from './net/derived-keys.ts';
import { grantTermsOf } from './net/grant-places.ts';
import { Listener } from './net/listener.ts';
import type { DatabaseRuntime } from './net/session-starter.ts';
import { openCancels } from './net/open-cancels.ts';
import { openDatabases } from './net/open-databases.ts';
import { MaskKeyWatch } from './net/mask-key-watch.ts';
import { openStore } from './net/open-store.ts';
import { serverTls } from './net/tls.ts';
import { Counters, countedTrail } from './observability/counters.ts';
import { liveness, readiness } from './observability/health.ts';
import { makeMetrics, type Metrics } from './observability/metrics.ts';
import { keepParserSmall } from './parser-tier.ts';
import { explain } from './policy/explain.ts';
import { unmatchedTrust } from './policy/trusted-functions.ts';
import { unfitMasks, unmatchedPatterns } from './policy/mask-warnings.ts';
import { limitsRowsByHour } from './policy/row-limits.ts';
import type { RuleSet } from './policy/rules.ts';
import type { AnswerTo, ProcessHealth, Question } from './processes/messages.ts';
import { ALONE, answerOf, servesApi, shareOf, wholeOf } from './processes/siblings.ts';
import type { Own, Place, Whole } from './processes/siblings.ts';
import { RulesInForce } from './rules-in-force.ts';
import { analyze, loadParser } from './sql/analyze.ts';
import { parserReloads, parserState } from './sql/parser.ts';
import { VERSION } from './version.ts';
import { makeVerifier, SCRAM_SALT_BYTES } from './wire/scram.ts';

export type StartOptions = {
  readonly configFile: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly log?: 'json' | 'silent';
  /** How the trail opens files, so that tests can fill its disk. */
  readonly trailIo?: TrailIo;
  /** Which of several processes this is; `processes` of the configuration is the supervisor's business. */
  readonly place?: Place;
};

export type Postern = {
  readonly agentPort: number;
  readonly apiPort: number;
  readonly agents: Agents;
  /** Reads the rules file again, as SIGHUP does. */
  reload(): void;
  /** What another process of this Postern wants to know. */
  answer(question: Question): Promise<AnswerTo[Question['kind']]>;
  /** Drains and stops everything. */
  stop(): Promise<void>;
};

/** Lines a database and kind of warning: a pattern like `*` may concern every column. */
const MAX_MASK_WARNINGS = 50;

/**
 * Starts Postern.
 * @throws PosternError `config-invalid` naming file, line and what to do; Error when a port is taken
 */
export async function startPostern(options: StartOptions): Promise<Postern> {
  const { place = ALONE } = options;
  const installation = readInstallation(options.configFile, options.env ?? process.env, place.count);
  const level = options.log === 'silent' ? 'silent' : installation.log.level;
  const log = pino({ level, base: place.count === 1 ? null : { process: place.number } });
  const undo: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return await start(installation, log, undo, { stop, place, trailIo: options.trailIo ?? realIo });
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  installation: Installation,
  log: Logger,
  undo: (() => Promise<void> | void)[],
  { stop, place, trailIo }: Pick<Postern, 'stop'> & { readonly place: Place; readonly trailIo: TrailIo },
): Promise<Postern> {
  const share = shareOf(installation, place);
  keepParserSmall();
  await loadParser();
  const rules = new RulesInForce(installation.rulesFile);
  const fileTrail = await startTrail(share, log, trailIo);
  undo.push(() => fileTrail.close());
  const counters = new Counters();
  const trail = countedTrail(fileTrail, counters);
  await trail.record(startOf(rules, place));
  const store = await openStore(share.store);
  undo.push(() => store.close());
  const { maxPendingRequestsPerAgent: maxPendingPerAgent, maxDenials, denialWindowMs } = installation.limits;
  const throttle = { maxDenials, windowMs: denialWindowMs };
  const onError = (error: unknown): void =>
    log.error({ err: error }, 'approvals: something could not be recorded');
  const channels = openChannels(installation, log);
  // Stopped after the approvals, so that people learn what was withdrawn.
  undo.push(() => channels.close());
  const { keepMs } = installation.store;
  const approvals = await openApprovals({ store, trail, maxPendingPerAgent, keepMs, throttle, onError });
  undo.push(() => approvals.close());
  channels.follow(approvals);
  const rowLedger = rowLedgerOf(store, rules, onError);
  undo.push(() => rowLedger.close());
  await rowLedger.open();
  const grants = await startGrants(installation, { store, trail, onError });
  undo.push(() => grants.close());
  const agents = openAgents({ store, trail, onDisabled: (name, by) => watchAgents.ended(name, by) });
  const databases = await openDatabases(installation, () => rules.current, log, undo);
  const warn = (): void => warnOfMasks(rules.current, databases, log);
  warn();
  const watch = rules.watch(installation.rulesFile, trail, log, warn);
  undo.push(() => watch.close());
  const health = (): ProcessHealth => healthOf(databases, fileTrail, store);
  const metrics: Metrics = makeMetrics({
    version: VERSION,
    counters,
    approvals,
    grants,
    trail: fileTrail,
    parserReloads,
    otherMaskKeys: watchMaskKeys(installation, store, log, undo),
    sessions: () => listener.sessionCount,
    maskedValues: () => masked.values,
    catalogs: () => catalogsOf(databases),
    ready: () => health().readiness.ready,
  });
  undo.push(() => metrics.close());
  const running = { databases, store, approvals, grants, trail, agents, rowLedger, log, metrics };
  const listener = makeListener(share, running);
  const watchAgents = new AgentWatch({ store, approvals, grants, sessions: listener, onError });
  undo.push(() => watchAgents.close());
  const own: Own = { health, metrics, textOf: (id) => approvals.textOf(id) };
  const deps = apiDeps(installation, { ...running, rules, whole: wholeOf(own, place) });
  const api = servesApi(place) ? await startApi({ ...deps, plugins: [channels.routes] }) : null;
  undo.push(() => api?.close());
  const agentPort = await listener.listen();
  undo.push(() => listener.close());
  const apiPort = api?.port ?? 0;
  log.info({ agents: agentPort, api: apiPort }, 'Postern is ready');
  const answer = (question: Question): Promise<AnswerTo[Question['kind']]> => answerOf(own, question);
  return { agentPort, apiPort, agents, reload: () => void watch.reload(), answer, stop };
}

/** @returns how many other mask keys Posterns on the store have */
function watchMaskKeys(
  { maskKey }: Installation,
  { broadcast }: Store,
  log: Logger,
  undo: (() => unknown)[],
): () => number {
  const watch = new MaskKeyWatch(maskKey, broadcast, log);
  undo.push(() => watch.close());
  return () => watch.others;
}

function startOf({ current }: RulesInForce, { number, count }: Place): AuditEvent {
  const started = { kind: 'postern_started', version: VERSION, rules_version: current.version } as const;
  return count === 1 ? started : { ...started, process: number, processes: count };
}

function rowLedgerOf(store: Store, rules: RulesInForce, onError: (error: unknown) => void): RowLedger {
  const needed = (): boolean => limitsRowsByHour(rules.current);
  return new RowLedger({ counts: store.rowCounts, clock: () => store.clock(), needed, onError });
}

function openChannels({ channels: configs, approvers, api }: Installation, log: Logger): Channels {
  return new Channels({ configs, approvers, publicUrl: api.publicUrl, log });
}

/** Masks that do not do what their rule says on a database as it is now: safe, but hardly what was meant. */
function warnOfMasks(rules: RuleSet, databases: ReadonlyMap<string, DatabaseRuntime>, log: Logger): void {
  for (const [database, { catalog }] of databases) {
    const { snapshot } = catalog;
    if (snapshot.version === 0) continue;
    for (const { rule, pattern } of unmatchedPatterns(rules, snapshot).slice(0, MAX_MASK_WARNINGS))
      log.warn({ database, rule, pattern }, 'a mask pattern matches no column');
    for (const pattern of unmatchedTrust(rules, snapshot).slice(0, MAX_MASK_WARNINGS))
      log.warn({ database, pattern }, 'a pattern under `trust` matches no function');
    for (const unfit of unfitMasks(rules, snapshot).slice(0, MAX_MASK_WARNINGS))
      log.warn(
        { database, ...unfit },
        "a mask cannot work on a column's type: the type's safe default is shown",
      );
  }
}

function startTrail({ trail }: Installation, log: Logger, io: TrailIo): Promise<FileTrail> {
  return openTrail({
    ...trail,
    io,
    onFailure: (error) =>
      log.fatal({ err: error }, 'the audit trail cannot be written: statements are refused until it can'),
    onRecovery: () => log.info('the audit trail is written again'),
  });
}

function startGrants(
  { limits, store: { keepMs } }: Installation,
  parts: Pick<Parameters<typeof openGrants>[0], 'store' | 'trail' | 'onError'>,
): Promise<GrantService> {
  const { maxGrantMs: maxMs, maxGrantRows: maxRows } = limits;
  return openGrants({ ...parts, maxMs, maxRows, keepMs });
}

type Running = {
  readonly store: Store;
  readonly databases: ReadonlyMap<string, DatabaseRuntime>;
  readonly approvals: ApprovalService;
  readonly grants: GrantService;
  readonly trail: Trail;
  readonly agents: Agents;
  readonly rowLedger: RowLedger;
  readonly log: Logger;
  readonly metrics: Metrics;
};

function makeListener(installation: Installation, running: Running): Listener {
  const { listen, limits, maskKey } = installation;
  return new Listener({
    ...running,
    limits,
    maskKey,
    host: listen.host,
    port: listen.port,
    reusePort: listen.reusePort,
    tls: listen.tls === null ? null : serverTls(listen.tls),
    tlsRequired: listen.tlsRequired,
    recordFirst: installation.trail.sync === 'always',
    ...openCancels(maskKey, running.store, running.log),
    findAgent: (name) => running.agents.find(name),
    mockSecret: derivedKey(maskKey, 'postern unknown agents, version 1'),
    connected: (database, seconds) => running.metrics.upstreamConnected(database, seconds),
    answered: (database) => running.metrics.upstreamAnswered(database),
  });
}

function apiDeps(
  installation: Installation,
  running: Running & { readonly rules: RulesInForce; readonly whole: Whole },
): Parameters<typeof startApi>[0] {
  const { databases, approvals, grants, trail, agents, rules, log, whole } = running;
  return {
    ...whole,
    ...installation.api,
    approvers: installation.approvers,
    oidc: installation.oidc,
    maxCallsPerMinute: installation.limits.maxApiCallsPerMinute,
    approvals,
    grants,
    grantTerms: grantTermsOf(databases, agents, () => rules.current),
    agents,
    log,
    makeVerifier: (password) => makeVerifier(password, { salt: randomBytes(SCRAM_SALT_BYTES) }),
    databases: [...databases.values()].map(({ config }) => ({
      name: config.name,
      logins: [...config.logins.keys()],
    })),
    trail: {
      verify: () => verifyChains(installation.trail.folder),
      search: (query) => searchTrail(installation.trail.folder, query),
      record: (event) => trail.record(event),
    },
    revealGroups: () => rules.current.reveal ?? [],
    explain: async (input) => {
      const runtime = databases.get(input.database);
      if (runtime === undefined)
        throw new PosternError('not-found', { what: 'database', name: input.database });
      const agent = await agents.find(input.agent);
      if (agent === null) throw new PosternError('not-found', { what: 'agent', name: input.agent });
      const where = {
        database: input.database,
        environment: runtime.config.environment,
        inTransaction: false,
      };
      return explain(
        analyze(input.sql, installation.limits),
        rules.current,
        runtime.catalog.snapshot,
        agent,
        where,
      );
    },
  };
}

function catalogsOf(
  databases: ReadonlyMap<string, DatabaseRuntime>,
): { database: string; failing: boolean }[] {
  return [...databases].map(([database, { catalog }]) => ({ database, failing: catalog.failing }));
}

function healthOf(
  databases: ReadonlyMap<string, DatabaseRuntime>,
  trail: FileTrail,
  store: Store,
): ProcessHealth {
  const catalogs = (): ReturnType<typeof catalogsOf> => catalogsOf(databases);
  return {
    liveness: liveness({ parser: parserState }),
    readiness: readiness({ parser: parserState, trail, store, catalogs }),
  };
}
