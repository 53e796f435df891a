/** `postern audit search`: who did, asked and decided what. */
import type { Command } from 'commander';
import type { AuditEvent } from '../audit/event.ts';
import type { FoundRecord } from '../audit/search.ts';
import { connected } from './connected.ts';
import { complain, json, oneLine, print, safe, terminalWidth } from './output.ts';

const FILTERS = [
  'agent',
  'approver',
  'kind',
  'relation',
  'action',
  'request',
  'session',
  'since',
  'until',
  'limit',
] as const;
type Options = Readonly<Partial<Record<(typeof FILTERS)[number], string>>> & { readonly json?: true };

export function auditSearchCommand(audit: Command): void {
  audit
    .command('search')
    .description('find records; all that is given has to match')
    .option('--agent <name>', 'done or asked by this agent')
    .option('--approver <name>', 'decided by this person')
    .option('--kind <kind>', 'of this kind, such as request_decided; several with commas')
    .option('--relation <name>', 'touching this relation, with or without its schema')
    .option('--action <action>', 'read, export, write, ddl, privilege, code, config, session or unknown')
    .option('--request <id>', 'about this request')
    .option('--session <id>', 'in this session')
    .option('--since <time>', 'from this time on: 2026-01-31, or RFC 3339')
    .option('--until <time>', 'up to this time')
    .option('--limit <number>', 'at most so many, the newest')
    .option('--json', 'print the answer of the API')
    .action(async (options: Options, command: Command) => {
      const query: Record<string, string> = {};
      for (const name of FILTERS) {
        const value = options[name];
        if (value !== undefined) query[name] = value;
      }
      const answer = await connected(command).search(query);
      if (options.json === true) return print(json(answer));
      for (const record of answer.records) print(line(record));
      if (answer.records.length === 0) print('nothing matches');
      if (answer.truncated)
        complain('postern: these are the newest; more match. Raise --limit or narrow the search');
      if (answer.unreadable > 0)
        complain(`postern: ${answer.unreadable} lines are no sound records. Run \`postern audit verify\``);
    });
}

function line(record: FoundRecord): string {
  const chain = record.chain === undefined ? '' : `${safe(record.chain)}/`;
  const head = `${chain}${record.seq} ${safe(record.time)} ${safe(record.event.kind)} `;
  // Whole where a program reads it; `grep` must find what is there.
  const width = process.stdout.isTTY ? Math.max(40, terminalWidth() - head.length) : Infinity;
  return head + oneLine(details(record.event), width);
}

/** The members most asked for first; hashes and ids of sessions are left to --json. */
const LEAD = [
  'agent',
  'approver',
  'decision',
  'state',
  'request_id',
  'database',
  'actions',
  'relations',
  'reason',
];
const LEFT_OUT = new Set(['kind', 'binding', 'fingerprint', 'session_id', 'rules_version']);

function details(event: AuditEvent): string {
  const members = Object.entries(event).filter(([name]) => !LEFT_OUT.has(name));
  const rank = (name: string): number => (LEAD.includes(name) ? LEAD.indexOf(name) : LEAD.length);
  return members
    .toSorted(([a], [b]) => rank(a) - rank(b))
    .map(([name, value]) => `${name}=${Array.isArray(value) ? value.join(',') : String(value)}`)
    .join(' ');
}
