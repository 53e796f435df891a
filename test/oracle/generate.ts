/**
 * Statements made at random over schema.ts, the same for the same seed. Most are ones the server understands.
 *
 * Non-goals: statements that give back rows; nothing here is ever run.
 */
import { Dice } from './random/dice.ts';
import { Expressions, NO_SCOPE } from './random/expressions.ts';
import type { Scope, Visible } from './random/expressions.ts';
import { RELATIONS, WRITABLE } from './random/relations.ts';
import type { Column, Kind, Relation } from './random/relations.ts';

type FromItem = { readonly sql: string; readonly scope: Scope };

/** How deep queries and expressions may stand in each other. */
const DEPTH = 3;

/** @param major statements need no newer version of the server than this */
export function* generate(seed: number, count: number, major: number): Generator<string> {
  for (let at = 0; at < count; at += 1)
    yield new Generation(new Dice(seed * 1_000_003 + at), major).statement();
}

class Generation {
  readonly #dice: Dice;
  readonly #expressions: Expressions;
  readonly #stored: readonly Relation[];
  /** CTEs in scope here. */
  #named: readonly Relation[] = [];
  #names = 0;

  constructor(dice: Dice, major: number) {
    this.#dice = dice;
    this.#stored = RELATIONS.filter((relation) => relation.since <= major);
    this.#expressions = new Expressions(dice, (wanted, outer, depth) => this.#query(wanted, outer, depth));
  }

  statement(): string {
    const kind = this.#dice.below(10);
    if (kind === 0) return this.#insert();
    if (kind === 1) return this.#update();
    if (kind === 2) return this.#delete();
    return this.#query(this.#kinds(4), NO_SCOPE, DEPTH);
  }

  #name(): string {
    this.#names += 1;
    return `n${this.#names}`;
  }

  #kinds(most: number): Kind[] {
    return this.#dice.some(most, () => this.#expressions.kind());
  }

  /** A query with exactly these outputs. What is in `outer` may be used in it. */
  #query(wanted: readonly Kind[], outer: Scope, depth: number): string {
    const dice = this.#dice;
    if (depth <= 0) return this.#select(wanted, outer, 0);
    switch (dice.below(9)) {
      case 0:
        return this.#with(wanted, outer, depth - 1);
      case 1: {
        const operation = dice.pick(['union', 'union all', 'intersect', 'except']);
        return `(${this.#query(wanted, outer, depth - 1)}) ${operation} (${this.#query(wanted, outer, depth - 1)})`;
      }
      case 2:
        return this.#grouped(wanted, outer, depth - 1);
      case 3: {
        if (!dice.once(3)) return this.#select(wanted, outer, depth - 1);
        const rows = dice.some(2, () => `(${this.#list(wanted, outer, 1)})`);
        return `values ${rows.join(', ')}`;
      }
      default:
        return this.#select(wanted, outer, depth - 1);
    }
  }

  #list(wanted: readonly Kind[], scope: Scope, depth: number): string {
    return wanted.map((kind) => this.#expressions.make(kind, scope, depth)).join(', ');
  }

  #select(wanted: readonly Kind[], outer: Scope, depth: number): string {
    const dice = this.#dice;
    const from = this.#from(outer, depth);
    const scope = within(from.scope, outer);
    const outputs = wanted.map((kind) => {
      const windowed = depth > 0 && dice.once(10);
      const value = windowed
        ? this.#expressions.window(kind, from.scope, 1)
        : this.#expressions.make(kind, dice.once(5) ? scope : from.scope, depth + 1);
      return dice.once(3) ? `${value} as ${this.#name()}` : value;
    });
    const where = dice.once(3) ? ` where ${this.#expressions.make('bool', scope, depth)}` : '';
    const first = this.#expressions.make('int', from.scope, 0);
    // constants there would be positions
    const sortable = /^[a-z]/.test(first);
    if (dice.once(12) && sortable)
      return `select distinct on (${first}) ${outputs.join(', ')} from ${from.sql}${where} order by ${first}`;
    const distinct = dice.once(10) ? 'distinct ' : '';
    const order = distinct === '' && sortable && dice.once(6) ? ` order by ${first} limit 5` : '';
    return `select ${distinct}${outputs.join(', ')} from ${from.sql}${where}${order}`;
  }

  #grouped(wanted: readonly Kind[], outer: Scope, depth: number): string {
    const dice = this.#dice;
    const from = this.#from(outer, depth);
    const groupable = from.scope.columns.filter((column) =>
      ['int', 'text', 'num', 'date'].includes(column.kind),
    );
    if (groupable.length === 0) return this.#select(wanted, outer, depth);
    const keys = [...new Set(dice.some(3, () => dice.pick(groupable)))];
    const keyScope: Scope = { columns: keys, rows: [] };
    const outputs = wanted.map((kind) => {
      if (dice.once(2) && keys.some((key) => key.kind === kind))
        return this.#expressions.make(kind, keyScope, 1);
      return this.#expressions.aggregate(kind, from.scope, 1);
    });
    const list = keys.map((key) => key.sql).join(', ');
    const grouping = dice.pick([
      list,
      list,
      `rollup (${list})`,
      `cube (${list})`,
      `grouping sets ((${list}), ())`,
    ]);
    const having = dice.once(4) ? ` having ${this.#expressions.aggregate('bool', from.scope, 1)}` : '';
    return `select ${outputs.join(', ')} from ${from.sql} group by ${grouping}${having}`;
  }

  #with(wanted: readonly Kind[], outer: Scope, depth: number): string {
    const before = this.#named;
    const recursive = this.#dice.once(3);
    const entries = this.#dice.some(2, () => {
      const relation = { name: this.#name(), columns: this.#columns(this.#kinds(3)), since: 14 };
      const names = relation.columns.map((column) => column.name).join(', ');
      const body = recursive ? this.#recursive(relation, depth) : this.#bodyOf(relation, outer, depth);
      this.#named = [...this.#named, relation];
      return `${relation.name} (${names}) as (${body})`;
    });
    const main = this.#query(wanted, outer, depth);
    this.#named = before;
    return `with ${recursive ? 'recursive ' : ''}${entries.join(', ')} ${main}`;
  }

  #bodyOf(relation: Relation, outer: Scope, depth: number): string {
    const kinds = relation.columns.map((column) => column.kind);
    return this.#query(kinds, outer, depth);
  }

  /** Columns may change places on the way round; the casts keep their types. */
  #recursive(relation: Relation, depth: number): string {
    const typed = (scope: Scope, deep: number): string =>
      relation.columns
        .map(({ kind }) => `(${this.#expressions.make(kind, scope, deep)})${CASTS[kind]}`)
        .join(', ');
    const first = this.#from(NO_SCOPE, Math.min(depth, 1));
    const other = this.#from(NO_SCOPE, 0);
    const self = this.#name();
    const scope = within(visible(self, relation.columns), other.scope);
    const kind = this.#dice.pick(['union', 'union all']);
    return (
      `select ${typed(first.scope, 1)} from ${first.sql} ${kind} ` +
      `select ${typed(scope, 1)} from ${relation.name} as ${self}, ${other.sql}`
    );
  }

  #columns(kinds: readonly Kind[]): Column[] {
    return kinds.map((kind) => ({ name: this.#name(), kind }));
  }

  #from(outer: Scope, depth: number): FromItem {
    let item = this.#item(outer, depth);
    while (this.#dice.once(3)) item = this.#join(item, outer, depth);
    return item;
  }

  #join(left: FromItem, outer: Scope, depth: number): FromItem {
    const dice = this.#dice;
    if (dice.once(4)) {
      const inner = this.#subQuery(within(left.scope, outer), depth);
      return { sql: `${left.sql} cross join lateral ${inner.sql}`, scope: within(inner.scope, left.scope) };
    }
    const right = this.#item(outer, depth);
    const both = within(left.scope, right.scope);
    const type = dice.pick(['join', 'left join', 'right join', 'full join']);
    const shared = left.scope.columns.filter(
      (column) =>
        left.scope.columns.filter((other) => other.name === column.name).length === 1 &&
        right.scope.columns.some((other) => other.name === column.name && other.kind === column.kind),
    );
    if (dice.once(2) && shared.length > 0) {
      const merged = dice.pick(shared);
      const column: Visible = { ...merged, sql: merged.name };
      const scope = { columns: [column, column, ...both.columns], rows: both.rows };
      return { sql: `${left.sql} ${type} ${right.sql} using (${merged.name})`, scope };
    }
    if (dice.once(8)) return { sql: `${left.sql} natural ${type} ${right.sql}`, scope: both };
    if (dice.once(4)) return { sql: `${left.sql} cross join ${right.sql}`, scope: both };
    // only what can be merged or hashed may be the condition of a FULL JOIN
    const on = type === 'full join' ? 'true' : this.#expressions.make('bool', both, 1);
    return { sql: `${left.sql} ${type} ${right.sql} on ${on}`, scope: both };
  }

  #item(outer: Scope, depth: number): FromItem {
    const dice = this.#dice;
    if (depth > 0 && dice.once(3)) return this.#subQuery(outer, depth, false);
    const relation = dice.pick(this.#named.length > 0 && dice.once(2) ? this.#named : this.#stored);
    const alias = this.#name();
    if (dice.once(5)) {
      const renamed = this.#columns(relation.columns.map((column) => column.kind));
      const names = renamed.map((column) => column.name).join(', ');
      return { sql: `${relation.name} as ${alias} (${names})`, scope: visible(alias, renamed) };
    }
    return { sql: `${relation.name} as ${alias}`, scope: visible(alias, relation.columns) };
  }

  #subQuery(outer: Scope, depth: number, lateral = true): FromItem {
    const alias = this.#name();
    if (lateral && this.#dice.once(4)) {
      const [value] = this.#columns(['text']);
      const call = this.#dice.pick([
        `unnest(${this.#expressions.make('texts', outer, 1)})`,
        `jsonb_object_keys(${this.#expressions.make('json', outer, 1)})`,
        `regexp_split_to_table(${this.#expressions.make('text', outer, 0)}, 'a')`,
      ]);
      return { sql: `${call} as ${alias} (${value?.name})`, scope: visible(alias, value ? [value] : []) };
    }
    const columns = this.#columns(this.#kinds(3));
    const kinds = columns.map((column) => column.kind);
    const query = this.#query(kinds, lateral ? outer : NO_SCOPE, depth - 1);
    const names = columns.map((column) => column.name).join(', ');
    return { sql: `(${query}) as ${alias} (${names})`, scope: visible(alias, columns) };
  }

  #target(): { relation: Relation; chosen: readonly Column[]; scope: Scope } {
    const name = this.#dice.pick(WRITABLE);
    const relation = RELATIONS.find((one) => one.name === name) ?? this.#dice.pick(RELATIONS);
    const settable = relation.columns.filter(
      ({ name: column, kind }) => kind !== 'other' && column !== 'initials' && column !== 'id',
    );
    const chosen = [...new Set(this.#dice.some(3, () => this.#dice.pick(settable)))];
    return { relation, chosen, scope: visible('target', relation.columns) };
  }

  #insert(): string {
    const { relation, chosen, scope } = this.#target();
    const kinds = chosen.map((column) => column.kind);
    const names = chosen.map((column) => column.name).join(', ');
    const query = this.#query(kinds, NO_SCOPE, DEPTH - 1);
    const returning = this.#list(this.#kinds(3), scope, 2);
    return `insert into ${relation.name} as target (${names}) ${query} returning ${returning}`;
  }

  #update(): string {
    const { relation, chosen, scope } = this.#target();
    const from = this.#dice.once(2) ? this.#from(NO_SCOPE, 1) : null;
    const all = from === null ? scope : within(from.scope, scope);
    const sets = chosen
      .map(({ name, kind }) => `${name} = ${this.#expressions.make(kind, all, 2)}`)
      .join(', ');
    const returning = this.#list(this.#kinds(3), all, 2);
    const using = from === null ? '' : ` from ${from.sql}`;
    return `update ${relation.name} as target set ${sets}${using} returning ${returning}`;
  }

  #delete(): string {
    const { relation, scope } = this.#target();
    const from = this.#from(NO_SCOPE, 1);
    const all = within(from.scope, scope);
    return `delete from ${relation.name} as target using ${from.sql} returning ${this.#list(this.#kinds(3), all, 2)}`;
  }
}

const CASTS: Readonly<Record<Kind, string>> = {
  int: '::int',
  num: '::numeric',
  text: '::text',
  bool: '::bool',
  json: '::jsonb',
  date: '::date',
  texts: '::text[]',
  other: '::text',
};

function visible(alias: string, columns: readonly Column[]): Scope {
  return { columns: columns.map((column) => ({ ...column, sql: `${alias}.${column.name}` })), rows: [alias] };
}

function within(inner: Scope, outer: Scope): Scope {
  return { columns: [...inner.columns, ...outer.columns], rows: [...inner.rows, ...outer.rows] };
}
