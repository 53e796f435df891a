/** `postern policy explain`: what a running Postern would say to a statement. Runs nothing. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { connected } from './connected.ts';
import { json, print, safe } from './output.ts';

type Options = { readonly as: string; readonly database: string; readonly json?: true };

export function policyExplainCommand(policy: Command): void {
  policy
    .command('explain')
    .description('say what would become of a statement, and why')
    .argument('<sql>', 'the statement, or - to read it from standard input')
    .requiredOption('--as <agent>', 'the agent that would send it')
    .requiredOption('--database <name>', 'the database it would send it to')
    .option('--json', 'print the answer of the API')
    .action(async (sql: string, options: Options, command: Command) => {
      const text = sql === '-' ? readFileSync(0, 'utf8') : sql;
      const explanation = await connected(command).explain({
        sql: text,
        agent: options.as,
        database: options.database,
      });
      if (options.json === true) return print(json(explanation));
      const { formatExplanation } = await import('../policy/explain.ts');
      print(formatExplanation(safeThroughout(explanation)));
    });
}

/** Names of relations and columns are whatever somebody once created; none may add lines to the page. */
function safeThroughout<T>(value: T): T {
  if (typeof value === 'string') return safe(value) as T;
  if (Array.isArray(value)) return value.map(safeThroughout) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, safeThroughout(one)])) as T;
}
