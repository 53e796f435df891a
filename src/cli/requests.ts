/** `postern requests`: what waits, or was decided; with --watch, as it happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Option } from 'commander';
import type { Command } from 'commander';
import { REQUEST_STATES } from '../api/schemas.ts';
import type { RequestView } from '../api/views.ts';
import { PosternError } from '../errors.ts';
import type { Client } from './client.ts';
import { connected } from './connected.ts';
import { ApiRefusal } from './exit-codes.ts';
import { complain, duration, json, oneLine, print, safe, table, terminalWidth } from './output.ts';

type Options = {
  readonly watch?: true;
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
    .option('--watch', 'go on and print each transition as it happens')
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

function actionsOf(request: RequestView): string {
  return [...new Set(request.actions.map((one) => one.action))].join(',');
}

/**
 * Never returns. What is pending is read once the stream follows, so nothing falls between the two; after a
 * lost connection both are done again.
 * @throws PosternError `api-unreachable` if nobody answers at first; ApiRefusal
 */
async function watch(client: Client, options: Options): Promise<never> {
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
  let reached = false;
  for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)) {
    try {
      for await (const request of client.events()) {
        if (request !== null) {
          tell(request);
          continue;
        }
        const { requests } = await client.requests(filterOf(options));
        for (const one of requests.toReversed()) tell(one);
        reached = true;
        retryMs = FIRST_RETRY_MS;
      }
    } catch (error) {
      const passing =
        (error instanceof ApiRefusal && error.http >= 500) ||
        (error instanceof PosternError && error.code === 'api-unreachable');
      if (!reached || !passing) throw error;
    }
    complain('postern: the connection was lost, trying again');
    await sleep(retryMs);
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
