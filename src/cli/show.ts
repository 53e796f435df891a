/**
 * `postern show`: all an approver needs to decide, whole, and the lines to paste. What the agent wrote stands
 * behind a gutter and is said to be the agent's; nothing of it is left out.
 */
import type { Command } from 'commander';
import type { RequestView } from '../api/views.ts';
import { connected } from './connected.ts';
import { needs } from './needs.ts';
import { block, duration, json, print, safe, shellWord, terminalWidth } from './output.ts';

export function showCommand(root: Command): void {
  root
    .command('show')
    .description('show a request, with everything needed to decide it')
    .argument('<id>', 'its id, or an unambiguous beginning')
    .option('--json', 'print the request as the API has it')
    .option(
      '--literals',
      'print the statement with its literals, where the rules let you; the look is recorded',
    )
    .action(async (id: string, options: { json?: true; literals?: true }, command: Command) => {
      const client = connected(command);
      if (options.literals === true) {
        const answer = await client.text(id);
        return print(options.json === true ? json(answer) : block(answer.text, terminalWidth()));
      }
      const request = await client.request(id);
      if (options.json === true) return print(json(request));
      const { requests } = await client.requests({ agent: request.agent });
      print(page(request, requests, terminalWidth(), Date.now()));
    });
}

/** @param others requests of the same agent, this one among them or not */
export function page(
  request: RequestView,
  others: readonly RequestView[],
  width: number,
  now: number,
): string {
  const age = duration(now - Date.parse(request.createdAt), true);
  const facts: [string, string][] = [
    ['agent', `${safe(request.agent)}, owned by ${safe(request.owner)}`],
    ['database', `${safe(request.database)} (${safe(request.environment)})`],
    ...request.actions.map((one, i): [string, string] => [
      i === 0 ? 'would' : '',
      `${safe(one.action)}, ${safe(one.command)}: ${safe(one.reason)}`,
    ]),
    ['held by', listed(request.rules)],
    ['relations', listed(request.relations)],
    [
      'masked',
      request.maskedColumns.length === 0 ? 'no masked column in reach' : listed(request.maskedColumns),
    ],
    ...(request.unmask.length === 0
      ? []
      : [['shows', `${listed(request.unmask)}, unmasked, in this one answer`] as [string, string]]),
    ['estimate', estimate(request)],
    ['locks', listed(request.locks)],
    ['transaction', transaction(request)],
    ['asked', `${safe(request.createdAt)}, ${age} ago, in session ${safe(request.sessionId)}`],
    ['expires', expiry(request, now)],
    ['waits', waits(request)],
    ['decided by', deciders(request)],
    ['last day', counted(request.history) || 'no other request'],
    ['before this', history(request, others)],
  ];
  const parts = [
    `request ${safe(request.id)}: ${safe(request.state)}`,
    facts.map(([name, value]) => `  ${name.padEnd(12)} ${value}`).join('\n'),
    `statement, with its literals removed, as ${safe(request.agent)} wrote it:\n${block(request.statement, width)}`,
    request.statedReason === null
      ? 'the agent gave no reason'
      : `reason, in the agent's own words, which nobody has checked:\n${block(request.statedReason, width)}`,
    decisions(request, width),
  ];
  if (request.state === 'pending') parts.push(pasteLines(request.id));
  return parts.join('\n\n');
}

function listed(values: readonly string[]): string {
  return values.length === 0 ? 'none' : values.map(safe).join(', ');
}

function transaction({ inTransaction, rowsSoFar }: RequestView): string {
  if (inTransaction) return 'inside an open one, so it may be holding locks while it waits';
  return rowsSoFar === null ? 'none open' : 'its own: paused, it keeps its snapshot and its locks';
}

function estimate({ estimate: planned }: RequestView): string {
  return planned === null ? 'none' : `${planned.rows} rows, cost ${planned.cost} (the planner's guess)`;
}

function waits({ mode, waitMs }: RequestView): string {
  if (waitMs === 0) return 'no: the agent was told at once and has to send it again';
  const then = mode === 'wait' ? 'then it is over' : 'then the agent has to send it again';
  return `the session, for ${duration(waitMs, true)}; ${then}`;
}

function expiry(request: RequestView, now: number): string {
  if (request.state !== 'pending') return safe(request.expiresAt);
  const leftMs = Date.parse(request.expiresAt) - now;
  return leftMs > 0 ? `in ${duration(leftMs, true)}` : 'now';
}

function deciders(request: RequestView): string {
  const escalated = request.escalatedAt === null ? '' : ' (escalated)';
  return `${needs(request)}${escalated}, and not ${safe(request.owner)}`;
}

function history(request: RequestView, others: readonly RequestView[]): string {
  const counts = new Map<string, number>();
  for (const one of others)
    if (one.id !== request.id) counts.set(one.state, (counts.get(one.state) ?? 0) + 1);
  if (counts.size === 0) return `no other request of ${safe(request.agent)}`;
  const same = others.filter(
    (one) => one.id !== request.id && one.fingerprint === request.fingerprint,
  ).length;
  return `${counted(Object.fromEntries(counts))}; ${same === 0 ? 'none' : same} of the same shape`;
}

function counted(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([state, count]) => `${count} ${safe(state)}`)
    .join(', ');
}

function decisions(request: RequestView, width: number): string {
  if (request.decisions.length === 0) return 'no decision yet';
  return request.decisions
    .map(
      (one) =>
        `${safe(one.decision)} by ${safe(one.approver)} at ${safe(one.time)} (${safe(one.channel)}):\n${block(one.reason, width)}`,
    )
    .join('\n');
}

/** To be pasted into a shell, so only for an id that is nothing but an id. */
function pasteLines(id: string): string {
  const word = shellWord(id);
  return `  postern approve ${word} --reason 'why it may'\n  postern deny ${word} --reason 'why it may not'`;
}
