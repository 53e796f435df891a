/** `postern requests`: what waits, or was decided; with --watch, as it happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Option } from 'commander';
import type { Command } from 'commander';
import { REQUEST_STATES } from '../api/schemas.ts';
import type { RequestView } from '../api/views.ts';
import { PosternError } from '../errors.ts';
import type { Client, Told } from './client.ts';
import { connected } from './connected.ts';
import { ApiRefusal } from './exit-codes.ts';
import { actionsOf, complain, duration, json, oneLine, print, safe, table, terminalWidth } from './output.ts';

type Options = {
  readonly watch?: true;
  readonly lines?: true;
  readonly json?: true;
  readonly state?: string;
  readonly agent?: string;
};

/** Milliseconds before the first and the last of several attempts to reconnect. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
/** Transitions remembered, so that a reconnect does not tell them again. */
const MAX_TOLD = 10_000;

export function requestsCommand(root: Command): void {
  root
    .command('requests')
    .description('list requests, pending ones unless --state says otherwise')
    .option('--watch', 'a live list to answer from; without a terminal, each transition as it happens')
    .option('--lines', 'with --watch: lines on a terminal, too')
    .addOption(new Option('--state <state>', 'only this state, or all').choices([...REQUEST_STATES, 'all']))
    .option('--agent <name>', "only this agent's")
    .option('--json', 'print what the API has; with --watch one request a line')
    .action(async (options: Options, command: Command) => {
      const client = connected(command);
      if (options.watch === true) return watch(client, options);
      const { requests } = await client.requests(filterOf(options));
      print(options.json === true ? json({ requests }) : list(requests));
    });
}

function filterOf(options: Options): { state?: string; agent?: string } {
  const state = options.state ?? 'pending';
  return {
    ...(state === 'all' ? {} : { state }),
    ...(options.agent === undefined ? {} : { agent: options.agent }),
  };
}

function list(requests: readonly RequestView[]): string {
  if (requests.length === 0) return 'nothing waits';
  const now = Date.now();
  const rows = requests.map((one) => [
    one.id,
    duration(now - Date.parse(one.createdAt)),
    one.agent,
    one.database,
    actionsOf(one),
    one.statement,
  ]);
  return table(['id', 'age', 'agent', 'database', 'actions', 'statement'], rows, terminalWidth());
}

/** A list to work with on a terminal; lines for a program, a file, and where more than what is pending is asked for. */
async function watch(client: Client, options: Options): Promise<void> {
  const { state = 'pending', agent } = options;
  const plain = options.json === true || options.lines === true || state !== 'pending' || agent !== undefined;
  if (plain || !process.stdin.isTTY || !process.stdout.isTTY) return watchLines(client, options);
  const { live } = await import('./live.ts');
  const told = following(client, () => undefined);
  try {
    await live(client, told, { input: process.stdin, output: process.stdout });
  } finally {
    // The stream and its next attempt would keep the process alive.
    setImmediate(() => process.exit());
  }
}

/**
 * What the API tells, without end: a lost connection is taken up again.
 * @param lost called each time it was
 * @throws PosternError `api-unreachable` if nobody answers at first; ApiRefusal
 */
async function* following(client: Client, lost: () => void): AsyncGenerator<Told> {
  let reached = false;
  for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)) {
    try {
      for await (const told of client.events()) {
        reached = true;
        retryMs = FIRST_RETRY_MS;
        yield told;
      }
    } catch (error) {
      const passing =
        (error instanceof ApiRefusal && error.http >= 500) ||
        (error instanceof PosternError && error.code === 'api-unreachable');
      if (!reached || !passing) throw error;
    }
    lost();
    await sleep(retryMs);
  }
}

/** One transition a line. After a lost connection what is pending is told again, if it is news. */
async function watchLines(client: Client, options: Options): Promise<void> {
  const told = new Set<string>();
  const tell = (request: RequestView): void => {
    const wanted = options.state === undefined || options.state === 'all' || options.state === request.state;
    const transition = `${request.id} ${request.state} ${request.decisions.length}`;
    if (!wanted || told.has(transition) || (options.agent !== undefined && options.agent !== request.agent))
      return;
    if (told.size >= MAX_TOLD) told.clear();
    told.add(transition);
    print(options.json === true ? json(request, 0) : line(request));
  };
  for await (const one of following(client, () =>
    complain('postern: the connection was lost, trying again'),
  )) {
    if (one.kind === 'request') tell(one.request);
    else {
      const { requests } = await client.requests(filterOf(options));
      for (const request of requests.toReversed()) tell(request);
    }
  }
}

function line(request: RequestView): string {
  const at = request.decisions.at(-1)?.time;
  const time = request.state === 'pending' ? request.createdAt : (at ?? new Date().toISOString());
  const by =
    request.decisions.length === 0
      ? ''
      : ` by ${safe(request.decisions.map((one) => one.approver).join(', '))}`;
  const head = `${safe(time.slice(11, 19))} ${safe(request.id)} ${safe(request.state)}${by}: ${safe(request.agent)} on ${safe(request.database)}, ${safe(actionsOf(request))}: `;
  return head + oneLine(request.statement, Math.max(20, terminalWidth() - head.length));
}
