/**
 * Lineage held against what the server said.
 *
 * Invariant: a column the server says a value may be computed from, and lineage does not name, is a leak and
 * always a failure; naming too much is counted, never a failure.
 */
import type { Snapshot } from '../../src/catalog/snapshot.ts';
import type { ColumnId, Lineage, OutputLineage } from '../../src/sql/lineage/lineage.ts';
import type { Truth } from './truth.ts';
import { columnOf, keyOf } from './values.ts';
import type { ColumnKey, Source } from './values.ts';

export type Failure = {
  readonly kind: 'missing' | 'wrong-direct' | 'wrong-shape' | 'missing-store' | 'threw';
  readonly sql: string;
  readonly detail: string;
};

/** Per output column; `lost` counts those of statements that lineage gave up on. */
export type Counts = {
  statements: number;
  outputs: number;
  lost: number;
  /** Computed from no column, and called derived or lost. */
  cleanMasked: number;
  clean: number;
  /** One column as it is, and called derived or lost. */
  directDerived: number;
  direct: number;
  /** Neither, and naming columns that it is not computed from. */
  derivedTooWide: number;
  derived: number;
};

export type Report = { readonly counts: Counts; readonly failures: Failure[]; readonly tooMuch: string[] };

export function newReport(): Report {
  const counts = {
    statements: 0,
    outputs: 0,
    lost: 0,
    cleanMasked: 0,
    clean: 0,
    directDerived: 0,
    direct: 0,
  };
  return { counts: { ...counts, derivedTooWide: 0, derived: 0 }, failures: [], tooMuch: [] };
}

export class Comparison {
  readonly report: Report = newReport();
  readonly #snapshot: Snapshot;

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  /** @returns the failures of this statement; they are in the report as well */
  add(sql: string, truth: Truth, lineage: readonly Lineage[]): readonly Failure[] {
    const before = this.report.failures.length;
    this.report.counts.statements += 1;
    const [only, ...more] = lineage;
    if (only === undefined || more.length > 0) this.#fail('wrong-shape', sql, `${lineage.length} lineages`);
    else this.#one(sql, truth, only);
    return this.report.failures.slice(before);
  }

  #one(sql: string, truth: Truth, lineage: Lineage): void {
    if (lineage.kind === 'lost') {
      for (const output of truth.outputs)
        this.#countMasking(sql, `"${output.name}" (${lineage.reason})`, output.source, null);
      return;
    }
    if (lineage.outputs.length !== truth.outputs.length) {
      this.#fail('wrong-shape', sql, `${lineage.outputs.length} outputs, not ${truth.outputs.length}`);
      return;
    }
    for (const [at, { name, source }] of truth.outputs.entries()) {
      const found = lineage.outputs[at];
      if (found === undefined) continue;
      const where = `output ${at + 1} "${name}"`;
      this.#checkOutput(sql, where, source, found.from);
      this.#countMasking(sql, where, source, found.from);
    }
    for (const { target, source } of truth.stores) {
      const stored = lineage.stores
        .filter((store) => store.target === null || covers(this.#snapshot, [store.target], keyOf(target)))
        .flatMap((store) => store.from);
      const missing = this.#missing(stored, source);
      if (missing.length > 0)
        this.#fail('missing-store', sql, `${this.#name(keyOf(target))} is stored from ${missing.join(', ')}`);
    }
  }

  #checkOutput(sql: string, where: string, source: Source, found: OutputLineage): void {
    const missing = this.#missing(columnsOf(found), source);
    if (missing.length > 0)
      this.#fail('missing', sql, `${where} (${found.kind}) lacks ${missing.join(', ')}`);
    else if (found.kind === 'direct' && source.plain !== keyOf(found.column) && !this.#isClean(found, source))
      this.#fail('wrong-direct', sql, `${where} is not just ${this.#name(keyOf(found.column))}`);
  }

  /** A view's own column that stands for nothing stored may be named: it is masked by its own name only. */
  #isClean(found: OutputLineage, source: Source): boolean {
    const allowed = columnsOf(found).every(
      (column) =>
        source.permitted.has(keyOf(column)) &&
        this.#snapshot.relations.get(column.relation)?.kind.endsWith('view') === true,
    );
    return source.required.size === 0 && allowed;
  }

  #missing(named: readonly ColumnId[], source: Source): string[] {
    return [...source.required]
      .filter((key) => !covers(this.#snapshot, named, key))
      .map((key) => this.#name(key));
  }

  #countMasking(sql: string, where: string, source: Source, found: OutputLineage | null): void {
    const { counts, tooMuch } = this.report;
    counts.outputs += 1;
    if (found === null) counts.lost += 1;
    const kind = found?.kind ?? 'lost';
    const wide = found !== null && this.#isTooWide(found, source);
    const kept = source.plain === 'none' || source.plain === 'bottom' ? null : source.plain;
    if (kept !== null) {
      counts.direct += 1;
      if (kind === 'direct' || kind === 'clean') return;
      counts.directDerived += 1;
    } else if (source.required.size === 0) {
      counts.clean += 1;
      if (found !== null && this.#isClean(found, source)) return;
      counts.cleanMasked += 1;
    } else {
      counts.derived += 1;
      if (!wide) return;
      counts.derivedTooWide += 1;
    }
    const should = kept === null ? this.#names([...source.permitted]) : `direct ${this.#name(kept)}`;
    const is = found === null ? '' : this.#names(columnsOf(found).map(keyOf));
    tooMuch.push(`${sql}\n    ${where}: ${kind} ${is}, should be ${should}`);
  }

  #isTooWide(found: OutputLineage, source: Source): boolean {
    const allowed = [...source.permitted]
      .flatMap((key) => [key, ...sourcesOf(this.#snapshot, key)])
      .map(columnOf);
    return columnsOf(found).some((column) => !covers(this.#snapshot, allowed, keyOf(column)));
  }

  #fail(kind: Failure['kind'], sql: string, detail: string): void {
    this.report.failures.push({ kind, sql, detail });
  }

  #names(keys: readonly ColumnKey[]): string {
    return keys.length === 0 ? 'clean' : keys.map((key) => this.#name(key)).join(' ');
  }

  #name(key: ColumnKey): string {
    const { relation, attnum } = columnOf(key);
    const known = this.#snapshot.relations.get(relation);
    const column = known?.columns.find((one) => one.attnum === attnum)?.name;
    return `${known?.schema}.${known?.name ?? relation}.${attnum === 0 ? '*' : (column ?? attnum)}`;
  }
}

function columnsOf(found: OutputLineage): readonly ColumnId[] {
  switch (found.kind) {
    case 'clean':
      return [];
    case 'direct':
      return [found.column];
    case 'derived':
      return found.columns;
  }
}

/** A whole row stands for all its columns, and all its columns for a whole row. */
function covers(snapshot: Snapshot, named: readonly ColumnId[], key: ColumnKey): boolean {
  const { relation, attnum } = columnOf(key);
  const known = named.filter((column) => column.relation === relation).map((column) => column.attnum);
  if (known.includes(0) || known.includes(attnum)) return true;
  const columns = snapshot.relations.get(relation)?.columns ?? [];
  if (attnum === 0) return columns.length > 0 && columns.every((column) => known.includes(column.attnum));
  // A mask on any source of a generated column covers it too, so all of its sources say as much as itself.
  const sources = columns.find((column) => column.attnum === attnum)?.generatedFrom ?? [];
  return sources.length > 0 && sources.every((source) => known.includes(source));
}

function sourcesOf(snapshot: Snapshot, key: ColumnKey): readonly ColumnKey[] {
  const { relation, attnum } = columnOf(key);
  const column = snapshot.relations.get(relation)?.columns.find((one) => one.attnum === attnum);
  return (column?.generatedFrom ?? []).map((source): ColumnKey => `${relation}.${source}`);
}
