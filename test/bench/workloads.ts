/** What is measured: each statement, over how many connections, with TLS or not, and the bar it has to reach. */
import type { Load } from './job.ts';

/** The least share that DESIGN section 12 asks for, and of which target. */
export type Bar = { readonly of: 'direct' | 'bare Node pipe'; readonly least: number };

export type Workload = {
  readonly name: string;
  readonly load: Load;
  readonly connections: number;
  readonly tls: boolean;
  readonly bar: Bar | null;
  /** What one of `rate` is: CPU is told for each, or for a thousand where they are rows. */
  readonly unit: 'statement' | 'row' | 'session';
};

const WAYS = {
  simple: 'simple',
  'never-seen': 'never-seen text',
  prepared: 'prepared',
  pipelined: 'pipelined',
};
type Way = keyof typeof WAYS;

function small(way: Way, connections: number, tls = false): Workload {
  return {
    name: `${WAYS[way]}, ${connections} connection${connections === 1 ? '' : 's'}${tls ? ', TLS' : ''}`,
    load: { kind: 'small', way },
    connections,
    tls,
    bar: { of: 'bare Node pipe', least: way === 'never-seen' ? 0.75 : 0.95 },
    unit: 'statement',
  };
}

/** Six columns each, of one table, so that the three differ in what is masked alone. Masks: targets.ts. */
const COLUMNS = {
  unmasked: 'id, name, city, company, amount, created_at',
  '1 masked column': 'id, name, email, city, amount, created_at',
  '5 masked columns': 'id, email, phone, ssn, iban, token',
};

function bulk(name: string, load: Load, tls = false): Workload {
  const bar: Bar | null = load.kind === 'copy-in' ? null : { of: 'direct', least: 0.9 };
  return { name: `${name}${tls ? ', TLS' : ''}`, load, connections: 1, tls, bar, unit: 'row' };
}

/** @param rows how many the table `wide` holds */
export function workloads(rows: number): readonly Workload[] {
  const ways = Object.keys(WAYS) as Way[];
  const masked = Object.entries(COLUMNS);
  const many = rows.toLocaleString('en');
  const first = COLUMNS['1 masked column'];
  return [
    ...ways.flatMap((way) => [1, 8, 64].map((connections) => small(way, connections))),
    ...ways.map((way) => small(way, 8, true)),
    ...masked.flatMap(([name, columns]) =>
      (['text', 'binary'] as const).map((format) =>
        bulk(`${many} rows, ${format}, ${name}`, {
          kind: 'rows',
          sql: `select ${columns} from wide`,
          format,
        }),
      ),
    ),
    bulk(
      `${many} rows, text, 1 masked column`,
      { kind: 'rows', sql: `select ${first} from wide`, format: 'text' },
      true,
    ),
    ...masked
      .slice(0, 2)
      .map(([name, columns]) =>
        bulk(`copy out ${many} rows, ${name}`, { kind: 'copy-out', sql: `copy wide (${columns}) to stdout` }),
      ),
    bulk(`copy in ${many} rows`, { kind: 'copy-in', rows }),
    ...[false, true].map((tls): Workload => ({
      name: `connect and disconnect, 8 at a time${tls ? ', TLS' : ''}`,
      load: { kind: 'connect' },
      connections: 8,
      tls,
      bar: null,
      unit: 'session',
    })),
  ];
}

/** Those whose name has one of the words; all where there are none. */
export function chosen(all: readonly Workload[], words: readonly string[]): readonly Workload[] {
  return words.length === 0 ? all : all.filter(({ name }) => words.some((word) => name.includes(word)));
}
