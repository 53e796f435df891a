/**
 * Expressions of a wanted kind over what a scope shows. Sub-queries come from `query`, which is handed in so
 * that the two files need not import each other.
 */
import type { Dice } from './dice.ts';
import { KINDS } from './relations.ts';
import type { Column, Kind } from './relations.ts';

/** A column as it may be written here, and what it is called when nobody renames it. */
export type Visible = Column & { readonly sql: string };

export type Scope = {
  readonly columns: readonly Visible[];
  /** Aliases that may be written as whole rows. */
  readonly rows: readonly string[];
};

export const NO_SCOPE: Scope = { columns: [], rows: [] };

export type SubQuery = (wanted: readonly Kind[], outer: Scope, depth: number) => string;

type Of = (kind: Kind) => string;

const LITERALS: Readonly<Record<Kind, readonly string[]>> = {
  int: ['1', '42', '0'],
  num: ['1.5', '10::numeric'],
  text: [`'a'`, `'x y'`, `''::text`],
  bool: ['true', 'false'],
  json: [`'{"a": 1}'::jsonb`],
  date: [`date '2024-02-03'`],
  texts: [`array['p', 'q']`],
  other: ['null', `'o'::text`],
};

/** From a column of any kind. */
const CONVERSIONS: Readonly<Record<Kind, (sql: string) => string>> = {
  int: (sql) => `length(${sql}::text)`,
  num: (sql) => `length(${sql}::text)::numeric`,
  text: (sql) => `${sql}::text`,
  bool: (sql) => `(${sql} is null)`,
  json: (sql) => `to_jsonb(${sql})`,
  date: (sql) => `${sql}::text::date`,
  texts: (sql) => `array[${sql}::text]`,
  other: (sql) => sql,
};

const FORMS: Readonly<Record<Kind, readonly ((of: Of) => string)[]>> = {
  int: [
    (of) => `(${of('int')} + ${of('int')})`,
    (of) => `length(${of('text')})`,
    (of) => `coalesce(${of('int')}, ${of('int')})`,
    (of) => `case when ${of('bool')} then ${of('int')} else ${of('int')} end`,
    (of) => `(${of('num')})::int`,
    (of) => `extract(year from ${of('date')})::int`,
    (of) => `cardinality(${of('texts')})`,
    (of) => `nullif(${of('int')}, ${of('int')})`,
    (of) => `(array[${of('int')}, ${of('int')}])[1]`,
  ],
  num: [
    (of) => `(${of('num')} * ${of('int')})`,
    (of) => `round(${of('num')}, 1)`,
    (of) => `greatest(${of('num')}, ${of('num')}, 0)`,
    (of) => `(${of('int')})::numeric`,
  ],
  text: [
    (of) => `(${of('text')} || ${of('text')})`,
    (of) => `upper(${of('text')})`,
    (of) => `coalesce(${of('text')}, ${of('text')})`,
    (of) => `case when ${of('bool')} then ${of('text')} end`,
    (of) => `case ${of('text')} when ${of('text')} then ${of('text')} else ${of('text')} end`,
    (of) => `substring(${of('text')} from 1 for 2)`,
    (of) => `(${of('int')})::text`,
    (of) => `(${of('json')} ->> 'a')`,
    (of) => `(${of('texts')})[1]`,
    (of) => `concat_ws('-', ${of('text')}, ${of('int')})`,
    (of) => `(${of('text')})::varchar(5)`,
    (of) => `md5(${of('text')})`,
    (of) => `row(${of('text')}, ${of('int')})::text`,
    (of) => `(${of('text')} collate "C")`,
    (of) => `cast(${of('date')} as text)`,
  ],
  bool: [
    (of) => `(${of('text')} = ${of('text')})`,
    (of) => `(${of('int')} < ${of('int')} and ${of('bool')})`,
    (of) => `(${of('text')} is null)`,
    (of) => `(${of('text')} like 'a%')`,
    (of) => `(${of('int')} in (1, ${of('int')}))`,
    (of) => `(not ${of('bool')})`,
    (of) => `(${of('int')} between 1 and ${of('int')})`,
    (of) => `(${of('text')} = any (${of('texts')}))`,
    (of) => `((${of('int')}, ${of('text')}) < (${of('int')}, ${of('text')}))`,
    (of) => `(${of('bool')} is not true)`,
    (of) => `(${of('text')} is distinct from ${of('text')})`,
  ],
  json: [
    (of) => `jsonb_build_object('k', ${of('text')}, 'n', ${of('int')})`,
    (of) => `(${of('json')} -> 'a')`,
    (of) => `to_jsonb(${of('text')})`,
    (of) => `(${of('json')} || ${of('json')})`,
  ],
  date: [(of) => `(${of('date')} + ${of('int')})`, (of) => `coalesce(${of('date')}, ${of('date')})`],
  texts: [
    (of) => `array[${of('text')}, ${of('text')}]`,
    (of) => `(${of('texts')} || ${of('text')}::text)`,
    (of) => `string_to_array(${of('text')}, ',')`,
  ],
  other: [(of) => `row(${of('text')}, ${of('num')})`, (of) => `(${of('text')})::bytea`],
};

export class Expressions {
  readonly #dice: Dice;
  readonly #query: SubQuery;

  constructor(dice: Dice, query: SubQuery) {
    this.#dice = dice;
    this.#query = query;
  }

  kind(): Kind {
    return this.#dice.pick([...KINDS, 'text', 'text', 'int']);
  }

  /** An expression of that kind; deeper ones have more in them. */
  make(kind: Kind, scope: Scope, depth: number): string {
    const dice = this.#dice;
    if (depth > 0 && dice.once(3)) {
      if (dice.once(4)) return this.#fromQuery(kind, scope, depth - 1);
      if (dice.once(8) && scope.rows.length > 0) return this.#fromRow(kind, scope);
      return dice.pick(FORMS[kind])((inner) => this.make(inner, scope, depth - 1));
    }
    const fitting = scope.columns.filter((column) => column.kind === kind);
    if (fitting.length > 0 && !dice.once(12)) return dice.pick(fitting).sql;
    if (scope.columns.length === 0 || dice.once(3)) return dice.pick(LITERALS[kind]);
    return CONVERSIONS[kind](dice.pick(scope.columns).sql);
  }

  #fromQuery(kind: Kind, scope: Scope, depth: number): string {
    const query = this.#query([kind], scope, depth);
    if (kind === 'bool') {
      const compared = this.#dice.pick(['text', 'int'] as const);
      const inner = this.#query([compared], scope, depth);
      const value = this.make(compared, scope, 0);
      return this.#dice.pick([
        `exists (${query})`,
        `(${value} in (${inner}))`,
        `(${value} > all (${inner}))`,
        `((1, ${value}) in (${this.#query(['int', compared], scope, depth)}))`,
      ]);
    }
    if (kind === 'texts') return `array(${this.#query(['text'], scope, depth)})`;
    if (this.#dice.once(6)) return `(select * from (${query}) one limit 1)`;
    return `(select value from (${query}) one (value) limit 1)`;
  }

  #fromRow(kind: Kind, scope: Scope): string {
    const row = this.#dice.pick(scope.rows);
    switch (kind) {
      case 'json':
        return `to_jsonb(${row})`;
      case 'bool':
        return `(${row} is not null)`;
      case 'text':
        return this.#dice.pick([`${row}::text`, `(row(${row}.*)::text)`, `(to_jsonb(${row}) ->> 'email')`]);
      default:
        return kind === 'other'
          ? this.#dice.pick([row, `row(${row}.*)`])
          : `length(${row}::text)${castFor(kind)}`;
    }
  }

  /** Only inside a query that groups. */
  aggregate(kind: Kind, scope: Scope, depth: number): string {
    const of = (inner: Kind): string => this.make(inner, scope, depth);
    const filter = this.#dice.once(5) ? ` filter (where ${of('bool')})` : '';
    switch (kind) {
      case 'int':
        return `${this.#dice.pick([
          'count(*)',
          `count(${of('text')})`,
          `count(distinct ${of('int')})`,
          `max(${of('int')})`,
        ])}${filter}`;
      case 'num':
        return `${this.#dice.pick([`sum(${of('num')})`, `avg(${of('int')})`, `min(${of('num')})`])}${filter}`;
      case 'text':
        return `${this.#dice.pick([
          `max(${of('text')})`,
          `string_agg(${of('text')}, ',' order by ${of('int')})`,
        ])}${filter}`;
      case 'bool':
        return `bool_or(${of('bool')})${filter}`;
      case 'json':
        return `jsonb_agg(${of('text')})${filter}`;
      case 'date':
        return `max(${of('date')})${filter}`;
      default:
        return `array_agg(${of('text')}::text)${filter}`;
    }
  }

  window(kind: Kind, scope: Scope, depth: number): string {
    const of = (inner: Kind): string => this.make(inner, scope, depth);
    const partition = this.#dice.once(2) ? `partition by ${of('text')} ` : '';
    const over = `over (${partition}order by ${of('int')})`;
    if (kind === 'int')
      return `${this.#dice.pick(['row_number()', 'rank()', 'count(*)', `count(${of('text')})`])} ${over}`;
    const value = of(kind);
    return `${this.#dice.pick([`lag(${value})`, `first_value(${value})`, `nth_value(${value}, 2)`])} ${over}`;
  }
}

function castFor(kind: Kind): string {
  return { int: '', num: '::numeric', date: '::text::date', texts: '::text::text[]' }[kind as string] ?? '';
}
