/** What `approve`, `deny` and `escalate` have in common. */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { isWholeId, readId } from '../approvals/id.ts';
import type { RequestView } from '../api/views.ts';
import { PosternError } from '../errors.ts';
import type { Answer, Client } from './client.ts';
import { connected } from './connected.ts';
import { EXIT, Finished, UsageError } from './exit-codes.ts';
import { needs } from './needs.ts';
import { complain, json, print, safe, terminalWidth } from './output.ts';
import { page } from './show.ts';

type Options = { readonly reason: string; readonly yes?: true; readonly json?: true };

export function decideCommand(root: Command, answer: Answer, description: string): void {
  root
    .command(answer)
    .description(description)
    .argument('<id>', 'the id of the request; by its beginning it is shown and asked for again')
    .requiredOption('--reason <text>', "why; it goes into the trail, and a denial's to the agent")
    .option('--yes', 'do not ask again where the id is only a beginning')
    .option('--json', 'print the request as the API has it')
    .action(async (id: string, options: Options, command: Command) => {
      const client = connected(command);
      const meant = await wholeIdOf(client, id, answer, options.yes === true);
      const request = await client.decide(meant, answer, options.reason);
      print(options.json === true ? json(request) : outcome(request, answer));
    });
}

/**
 * The one pending request that a beginning stands for, after a look at it. What is sent is always the whole id:
 * the request that was shown, whatever else begins like it by then.
 */
async function wholeIdOf(client: Client, typed: string, answer: Answer, yes: boolean): Promise<string> {
  const read = readId(typed);
  if (read === null) throw new PosternError('not-found', { what: 'request', name: safe(typed) });
  if (isWholeId(read)) return read;
  const { requests } = await client.requests({ state: 'pending' });
  const fitting = requests.filter((one) => one.id.startsWith(read));
  const [request] = fitting;
  if (request === undefined) throw new PosternError('not-found', { what: 'pending request', name: read });
  if (fitting.length > 1) throw new PosternError('ambiguous-id', { what: 'pending request', name: read });
  complain(page(request, requests, terminalWidth(), Date.now()));
  if (yes) return request.id;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError(
      `"${read}" is only the beginning of an id`,
      `Give the whole id, ${safe(request.id)}, or --yes.`,
    );
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const said = await asking.question(`\n${answer} ${safe(request.id)}? Type yes: `);
    if (said.trim().toLowerCase() === 'yes') return request.id;
  } finally {
    asking.close();
  }
  complain('postern: nothing was decided');
  throw new Finished(EXIT.refused);
}

/** One line about what became of it. */
export function outcome(request: RequestView, answer: Answer): string {
  const what = `${safe(request.id)} of ${safe(request.agent)}`;
  if (request.state !== 'pending') return `${safe(request.state)} ${what}`;
  if (answer === 'escalate') {
    const to = request.requirements.flatMap((one) => one.escalateTo).map(safe);
    return `escalated ${what}: ${[...new Set(to)].join(', ')} may decide it as well`;
  }
  const approvals = request.decisions.filter((one) => one.decision === 'approve').length;
  return `noted for ${what}: ${approvals} ${approvals === 1 ? 'approval' : 'approvals'}, still pending: it needs ${needs(request)}`;
}
