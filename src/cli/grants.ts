/** `postern grant`, `postern grants` and `postern revoke`: let an agent see masked columns for a time. */
import type { Command } from 'commander';
import type { GrantView } from '../api/views.ts';
import { isWholeId, readId } from '../approvals/id.ts';
import { parseDuration } from '../config/values.ts';
import { connected } from './connected.ts';
import { UsageError } from './exit-codes.ts';
import { duration, json, print, safe, shellWord, table, terminalWidth } from './output.ts';

type GrantOptions = {
  readonly columns: string[];
  readonly for: string;
  readonly maxRows: string;
  readonly reason: string;
  readonly database?: string;
  readonly json?: true;
};

export function grantCommand(root: Command): void {
  root
    .command('grant')
    .description('let an agent see masked columns as they are, for a time and in at most so many rows')
    .argument('<agent>', 'who may see them')
    .requiredOption(
      '--columns <names>',
      'schema.table.column, separated by commas; may be repeated',
      (value: string, before: string[] | undefined) => [...(before ?? []), ...columnsIn(value)],
    )
    .requiredOption('--for <time>', 'how long, as 15m or 2h')
    .requiredOption('--max-rows <number>', 'after so many rows it is over')
    .requiredOption('--reason <text>', 'why; it goes into the trail')
    .option('--database <name>', 'on which database; may be left out where the agent has only one')
    .option('--json', 'print the grant as the API has it')
    .action(async (agent: string, options: GrantOptions, command: Command) => {
      const { columns, maxRows, reason, database } = options;
      const forMs = parseDuration(options.for);
      if (forMs === null || forMs < 1000)
        throw new UsageError(`"${options.for}" is no time`, 'Write it like 30s, 15m or 2h.');
      if (!/^[1-9]\d{0,14}$/.test(maxRows))
        throw new UsageError(`"${maxRows}" is no number of rows`, 'Write a whole number, at least 1.');
      const asked = { agent, columns, forMs, maxRows: Number(maxRows), reason };
      const grant = await connected(command).grant(database === undefined ? asked : { ...asked, database });
      print(options.json === true ? json(grant) : made(grant, Date.now()));
    });
}

export function grantsCommand(root: Command): void {
  root
    .command('grants')
    .description('list the grants in force, or show one')
    .argument('[id]', 'show this one: its id, or an unambiguous beginning')
    .option('--all', 'list those that are over, too')
    .option('--agent <name>', "only this agent's")
    .option('--json', 'print what the API has')
    .action(async (id: string | undefined, options: { all?: true; agent?: string; json?: true }, command) => {
      const client = connected(command as Command);
      const { all, agent, json: asJson } = options;
      if (id !== undefined) {
        if (all === true || agent !== undefined)
          throw new UsageError('--all and --agent are for lists', 'Leave them out where you name a grant.');
        const grant = await client.grantOf(id);
        return print(asJson === true ? json(grant) : page(grant, Date.now()));
      }
      const filter = {
        ...(all === true ? {} : { state: 'active' }),
        ...(agent === undefined ? {} : { agent }),
      };
      const { grants } = await client.grants(filter);
      print(asJson === true ? json({ grants }) : list(grants, Date.now()));
    });
}

export function revokeCommand(root: Command): void {
  root
    .command('revoke')
    .description('end a grant; what is being shown under it is cancelled')
    .argument('<id>', 'the whole id of the grant')
    .requiredOption('--reason <text>', 'why; it goes into the trail, and to an agent that is cut off by it')
    .option('--json', 'print the grant as the API has it')
    .action(async (id: string, options: { reason: string; json?: true }, command: Command) => {
      const read = readId(id);
      if (read === null || !isWholeId(read))
        throw new UsageError(`"${safe(id)}" is no whole id of a grant`, 'See `postern grants`.');
      const grant = await connected(command).revoke(read, options.reason);
      print(
        options.json === true
          ? json(grant)
          : `revoked ${safe(grant.id)} of ${safe(grant.agent)}; ${rows(grant)}`,
      );
    });
}

/** Commas inside a quoted name belong to it. */
function columnsIn(value: string): string[] {
  return (value.match(/(?:"(?:[^"]|"")*"|[^,"])+/g) ?? [])
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function made(grant: GrantView, now: number): string {
  return `granted ${safe(grant.id)}: ${safe(grant.agent)} sees ${grant.columns.map(safe).join(', ')} on ${safe(grant.database)} for ${left(grant, now)}, in at most ${grant.maxRows} rows
  postern revoke ${shellWord(grant.id)} --reason 'why it ends'`;
}

function list(grants: readonly GrantView[], now: number): string {
  if (grants.length === 0) return 'no grant is in force';
  const lines = grants.map((one) => [
    one.id,
    one.state,
    one.agent,
    one.database,
    one.state === 'active' ? left(one, now) : '-',
    `${one.rowsReserved}/${one.maxRows}`,
    one.approver,
    one.columns.join(', '),
  ]);
  return table(['id', 'state', 'agent', 'database', 'left', 'rows', 'by', 'columns'], lines, terminalWidth());
}

function page(grant: GrantView, now: number): string {
  const facts: readonly (readonly [string, string])[] = [
    ['agent', `${safe(grant.agent)}, owned by ${safe(grant.owner)}`],
    ['database', `${safe(grant.database)} (${safe(grant.environment)})`],
    ['shows', grant.columns.map(safe).join(', ')],
    ['rows', rows(grant)],
    ['granted by', `${safe(grant.approver)} (${safe(grant.channel)}) at ${safe(grant.createdAt)}`],
    ['reason', safe(grant.reason)],
    ['rules', grant.rules.map(safe).join(', ')],
    ['ends', grant.state === 'active' ? `in ${left(grant, now)}` : safe(grant.expiresAt)],
    ...(grant.ended === null
      ? []
      : [
          [
            'ended',
            `${safe(grant.ended.at)}${grant.ended.by === null ? '' : ` by ${safe(grant.ended.by)}`}: ${safe(grant.ended.reason)}`,
          ] as const,
        ]),
  ];
  const lines = facts.map(([name, value]) => `  ${name.padEnd(12)} ${value}`);
  return [`grant ${safe(grant.id)}: ${safe(grant.state)}`, ...lines].join('\n');
}

function rows({ rowsShown, rowsReserved, maxRows }: GrantView): string {
  const out = rowsReserved - rowsShown;
  return `${rowsShown} of ${maxRows} shown${out > 0 ? `, ${out} given out to statements that have not ended` : ''}`;
}

function left(grant: GrantView, now: number): string {
  return duration(Math.max(0, Date.parse(grant.expiresAt) - now), true);
}
