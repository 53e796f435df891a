/**
 * Two questions, kept apart. *Alive*: would a restart help? Only what a restart mends makes it say no, so a
 * supervisor does not kill a Postern whose database is away. *Ready*: can a statement be judged, recorded,
 * held and sent now? A load balancer asks that.
 */
import type { ParserState } from '../sql/parser.ts';

export type HealthSources = {
  readonly parser: () => ParserState;
  readonly trail: { readonly failed: boolean };
  /** `problem` says why the store cannot be used at present. */
  readonly store: { problem(): string | null };
  readonly catalogs: () => readonly { readonly database: string; readonly failing: boolean }[];
};

export type Liveness = { readonly alive: boolean; readonly problems: readonly string[] };
export type Readiness = { readonly ready: boolean; readonly problems: readonly string[] };

export function liveness({ parser }: Pick<HealthSources, 'parser'>): Liveness {
  const broken = parser() === 'broken';
  return {
    alive: !broken,
    problems: broken ? ['the SQL parser has broken too often to be loaded again: restart Postern'] : [],
  };
}

export function readiness(sources: HealthSources): Readiness {
  const problems: string[] = [];
  if (sources.parser() !== 'ready') problems.push('the SQL parser is not loaded');
  if (sources.trail.failed) problems.push('the audit trail cannot be written');
  if (sources.store.problem() !== null) problems.push('the approvals store cannot be used');
  for (const { database, failing } of sources.catalogs()) {
    if (failing) problems.push(`the catalog of database "${database}" cannot be read`);
  }
  return { ready: problems.length === 0, problems };
}
