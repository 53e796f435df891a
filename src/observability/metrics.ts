/**
 * Prometheus metrics, made when they are asked for from numbers that are kept anyway.
 *
 * Invariants: no label takes a value an agent chooses (verdicts, actions, steps and configured databases
 * only), and nothing of a statement is in them (I8). Non-goals: keeping history, pushing anywhere.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { PrometheusContentType } from 'prom-client';
import type { Approvals } from '../approvals/request.ts';
import type { Counters } from './counters.ts';

export type MetricsSources = {
  readonly version: string;
  readonly counters: Counters;
  readonly approvals: Approvals;
  readonly grants: { readonly inForce: readonly unknown[] };
  readonly trail: { readonly failed: boolean; readonly queued: number; queuedForMs(): number };
  readonly sessions: () => number;
  readonly maskedValues: () => number;
  readonly parserReloads: () => number;
  readonly otherMaskKeys: () => number;
  readonly catalogs: () => readonly { readonly database: string; readonly failing: boolean }[];
  readonly ready: () => boolean;
};

/** As `prom-client` has them, before they are text. */
export type MetricsJson = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

export type Metrics = {
  readonly contentType: string;
  /** The exposition text. */
  text(): Promise<string>;
  json(): Promise<MetricsJson>;
  /** A connection to a database that was opened and logged in to. */
  upstreamConnected(database: string, seconds: number): void;
  /** @returns what takes how long this database took to begin an answer, in seconds */
  upstreamAnswered(database: string): (seconds: number) => void;
  close(): void;
};

/** Seconds. A hold lasts from a click to the rule's limit, which is an hour at most in practice. */
const HOLD_BUCKETS = [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600];
/** Seconds, of connecting and logging in: SCRAM alone takes some milliseconds. */
const CONNECT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
/** Seconds. Small statements are answered within a millisecond, reports after minutes. */
const ANSWER_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120];
/** Milliseconds between two looks at the event loop. */
const LOOP_RESOLUTION_MS = 20;
const NANOSECONDS = 1e9;

export function makeMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loop.enable();
  counts(registry, sources);
  gauges(registry, sources, loop);
  const held = new Histogram({
    name: 'postern_hold_wait_seconds',
    help: 'From a request to its end as pending: decided, expired or withdrawn',
    labelNames: ['outcome'],
    buckets: HOLD_BUCKETS,
    registers: [registry],
  });
  const connected = new Histogram({
    name: 'postern_upstream_connect_seconds',
    help: 'Connecting to a database and logging in',
    labelNames: ['database'],
    buckets: CONNECT_BUCKETS,
    registers: [registry],
  });
  const answered = new Histogram({
    name: 'postern_upstream_answer_seconds',
    help: 'From a message to a database that owed nothing to the first bytes of its answer; one in sixteen is timed',
    labelNames: ['database'],
    buckets: ANSWER_BUCKETS,
    registers: [registry],
  });
  const unsubscribe = sources.approvals.subscribe((request, here) => {
    // Elsewhere it is observed there.
    if (!here) return;
    const { state } = request;
    // What was approved before it was spent or lapsed has been observed as approved.
    if (state === 'pending' || state === 'spent' || state === 'lapsed') return;
    held.observe({ outcome: state }, (Date.now() - Date.parse(request.createdAt)) / 1000);
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    json: () => registry.getMetricsAsJSON(),
    upstreamConnected: (database, seconds) => connected.observe({ database }, seconds),
    upstreamAnswered(database) {
      const one = answered.labels({ database });
      return (seconds) => one.observe(seconds);
    },
    close() {
      unsubscribe();
      loop.disable();
      registry.clear();
    },
  };
}

/**
 * Several processes' metrics as one text, each series with a label that says whose it is: summed, a process that
 * starts anew would make counters fall. One that does not answer (null) is told of as not ready.
 */
export async function metricsOfAll(
  all: readonly { readonly process: number; readonly metrics: MetricsJson | null }[],
): Promise<string> {
  const ready = all.flatMap(({ metrics }) => metrics ?? []).find(({ name }) => name === 'postern_ready');
  const notReady = ready === undefined ? [] : [{ ...ready, values: [{ labels: {}, value: 0 }] }];
  const labelled = all.map(({ process, metrics }) =>
    (metrics ?? notReady).map((metric) => ({
      ...metric,
      values: metric.values.map((one) => ({ ...one, labels: { ...one.labels, process: String(process) } })),
    })),
  );
  return AggregatorRegistry.aggregate<PrometheusContentType>(labelled).metrics();
}

type Read = (set: (labels: Record<string, string>, value: number) => void) => void;

/** A counter whose value is kept elsewhere. */
function counter(registry: Registry, name: string, help: string, labelNames: string[], read: Read): void {
  const made: Counter = new Counter({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      made.reset();
      read((labels, value) => made.inc(labels, value));
    },
  });
}

function gauge(registry: Registry, name: string, help: string, labelNames: string[], read: Read): void {
  const made: Gauge = new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      made.reset();
      read((labels, value) => made.set(labels, value));
    },
  });
}

function counts(registry: Registry, { counters, maskedValues, parserReloads }: MetricsSources): void {
  const statements: Read = (set) => {
    for (const [verdict, actions] of Object.entries(counters.statements)) {
      for (const [action, count] of Object.entries(actions)) set({ verdict, action }, count);
    }
  };
  const steps: Read = (set) => {
    for (const [step, count] of Object.entries(counters.requestSteps)) set({ step }, count);
  };
  const grantSteps: Read = (set) => {
    for (const [step, count] of Object.entries(counters.grantSteps)) set({ step }, count);
  };
  counter(
    registry,
    'postern_statements_total',
    'Statements judged; one with several actions counts under each',
    ['verdict', 'action'],
    statements,
  );
  counter(registry, 'postern_request_steps_total', 'Steps in the life of requests', ['step'], steps);
  counter(registry, 'postern_grant_steps_total', 'Time-boxed grants made and ended', ['step'], grantSteps);
  const plain: readonly (readonly [string, string, () => number])[] = [
    ['postern_sessions_opened_total', 'Sessions that reached a database', () => counters.sessionsOpened],
    [
      'postern_authentication_failures_total',
      'Clients refused for who they said they are',
      () => counters.authenticationFailures,
    ],
    [
      'postern_grant_rows_shown_total',
      'Rows that results, now over, showed under time-boxed grants',
      () => counters.grantRowsShown,
    ],
    ['postern_masked_values_total', 'Values replaced in rows and COPY data', maskedValues],
    ['postern_parser_reloads_total', 'Times the SQL parser broke', parserReloads],
  ];
  for (const [name, help, value] of plain) counter(registry, name, help, [], (set) => set({}, value()));
}

function gauges(
  registry: Registry,
  sources: MetricsSources,
  loop: ReturnType<typeof monitorEventLoopDelay>,
): void {
  const { approvals, grants, trail, sessions, catalogs, ready, version } = sources;
  const plain: readonly (readonly [string, string, () => number])[] = [
    ['postern_sessions', 'Sessions open now', sessions],
    ['postern_grants_in_force', 'Time-boxed grants in force', () => grants.inForce.length],
    ['postern_trail_queued_events', 'Events not yet on disk', () => trail.queued],
    [
      'postern_trail_lag_seconds',
      'Age of the oldest event not yet on disk',
      () => trail.queuedForMs() / 1000,
    ],
    ['postern_trail_failed', '1 while the trail cannot be written', () => Number(trail.failed)],
    ['postern_ready', '1 while /readyz says so', () => Number(ready())],
    ['postern_other_mask_keys', 'Other mask keys that Posterns on the store have', sources.otherMaskKeys],
    ['postern_memory_resident_bytes', 'Memory of the process', () => process.memoryUsage.rss()],
    ['postern_memory_heap_bytes', 'JavaScript heap in use', () => process.memoryUsage().heapUsed],
  ];
  for (const [name, help, value] of plain) gauge(registry, name, help, [], (set) => set({}, value()));
  const waiting: Gauge = new Gauge({
    name: 'postern_requests_pending',
    help: 'Requests that wait for a person',
    registers: [registry],
    collect: async () => waiting.set(await pending(approvals)),
  });
  const build: Read = (set) => set({ version }, 1);
  gauge(registry, 'postern_build_info', 'Always 1', ['version'], build);
  const failing: Read = (set) => {
    for (const { database, failing: broken } of catalogs()) set({ database }, Number(broken));
  };
  const unread = '1 while the catalog cannot be read: the database is away, or the control login fails';
  gauge(registry, 'postern_catalog_failing', unread, ['database'], failing);
  const delay: Read = (set) => {
    // Without a sample yet, all are 0 or not a number.
    for (const quantile of [50, 99]) {
      set({ quantile: `0.${quantile}` }, loop.percentile(quantile) / NANOSECONDS);
    }
    set({ quantile: '1' }, loop.max / NANOSECONDS);
    loop.reset();
  };
  gauge(
    registry,
    'postern_event_loop_delay_seconds',
    'Delay of the event loop since the last scrape',
    ['quantile'],
    delay,
  );
}

/** A store that fails must not take the other metrics with it; readiness says that it fails. */
async function pending(approvals: Approvals): Promise<number> {
  try {
    return (await approvals.list({ state: 'pending' })).length;
  } catch {
    return Number.NaN;
  }
}
