import type { Lineage } from '../../src/sql/lineage/lineage.ts';
import { lineageOfText } from '../../src/sql/lineage/follow.ts';
import { loadParser } from '../../src/sql/parser.ts';
import { Comparison } from './compare.ts';
import type { Failure, Report } from './compare.ts';
import type { OracleServer } from './server.ts';

export type Checked = Report & {
  /** Statements the server did not understand, with its words. */
  readonly refused: readonly { readonly sql: string; readonly message: string }[];
};

/** Asks both about every statement. @throws Error where the oracle itself cannot read the server's answer */
export async function check(
  server: Pick<OracleServer, 'snapshot' | 'ask'>,
  statements: Iterable<string>,
): Promise<Checked> {
  await loadParser();
  const comparison = new Comparison(server.snapshot);
  const refused: { sql: string; message: string }[] = [];
  for (const sql of statements) {
    const answer = await server.ask(sql);
    if (answer.kind === 'refused') {
      refused.push({ sql, message: answer.message });
      continue;
    }
    const lineage = lineageFor(server, sql);
    if (Array.isArray(lineage)) comparison.add(sql, answer.truth, lineage);
    else comparison.report.failures.push(lineage as Failure);
  }
  return { ...comparison.report, refused };
}

function lineageFor(server: Pick<OracleServer, 'snapshot'>, sql: string): readonly Lineage[] | Failure {
  try {
    return lineageOfText(sql, server.snapshot);
  } catch (error) {
    return { kind: 'threw', sql, detail: error instanceof Error ? error.message : String(error) };
  }
}

/** Numbers for people, one finding a line. */
export function summary({ counts, failures, refused }: Checked): string {
  const share = (part: number, all: number): string =>
    `${part} of ${all} (${all === 0 ? 0 : ((100 * part) / all).toFixed(1)} %)`;
  return [
    `${counts.statements} statements, ${counts.outputs} outputs, ${refused.length} refused by the server`,
    `failures: ${failures.length}`,
    `outputs of statements given up on: ${share(counts.lost, counts.outputs)}`,
    `clean outputs masked: ${share(counts.cleanMasked, counts.clean)}`,
    `direct outputs not called direct: ${share(counts.directDerived, counts.direct)}`,
    `derived outputs that name too much: ${share(counts.derivedTooWide, counts.derived)}`,
  ].join('\n');
}
