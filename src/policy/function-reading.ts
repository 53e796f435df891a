/**
 * What one function of people's own does, as far as that does not depend on masks or on other functions.
 *
 * Invariant: null unless all of it could be read: body, defaults of its arguments, and the settings it runs
 * under, some of which change how its body reads. Remembered as long as the snapshot lives.
 */
import type { CatalogFunction, FunctionName } from '../catalog/snapshot.ts';
import { readExpressions, readPlpgsqlBody, readSqlBody, type FunctionBody } from '../sql/function-body.ts';
import { isPureCompiled } from './pure-extensions.ts';

export type FunctionReading = FunctionBody & {
  /** Functions it calls that no statement names. */
  readonly parts: readonly FunctionName[];
};

/** Settings that a function may run under: they change neither how SQL reads nor what it says in errors. */
const HARMLESS: ReadonlySet<string> = new Set([
  'datestyle',
  'intervalstyle',
  'jit',
  'lock_timeout',
  'search_path',
  'statement_timeout',
  'timezone',
  'work_mem',
]);

const EMPTY: FunctionBody = {
  statements: [],
  columnTypes: [],
  raises: false,
  aliases: false,
  words: new Set(),
};

const remembered = new WeakMap<CatalogFunction, { readonly reading: FunctionReading | null }>();

export function readFunction(one: CatalogFunction): FunctionReading | null {
  let known = remembered.get(one);
  if (known === undefined) remembered.set(one, (known = { reading: read(one) }));
  return known.reading;
}

function read(one: CatalogFunction): FunctionReading | null {
  if (one.kind === 'procedure' || !one.settings.every((name) => HARMLESS.has(name))) return null;
  const body = bodyOf(one);
  const defaults = one.defaults === null ? [] : readExpressions(one.defaults);
  if (body === null || defaults === null) return null;
  return { ...body, statements: [...body.statements, ...defaults], parts: one.parts };
}

function bodyOf(one: CatalogFunction): FunctionBody | null {
  if (one.kind === 'aggregate') return one.parts.length === 0 ? null : EMPTY;
  switch (one.language) {
    case 'c':
    case 'internal':
      return isPureCompiled(one) ? EMPTY : null;
    case 'sql':
      return one.body === null || one.isTrigger ? null : readSqlBody(one.body);
    case 'plpgsql':
      return one.body === null ? null : readPlpgsqlBody(one.body);
    default:
      return null;
  }
}
