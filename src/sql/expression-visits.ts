/**
 * What expressions mention: columns, functions, operators; and calls that are actions of their own.
 *
 * Invariant: a name that PostgreSQL may read as a column or as a call counts as both, because attribute and
 * functional notation are interchangeable: `ssn(c)` is `c.ssn`, `x.pg_read_file` is `pg_read_file(x)`.
 */
import { dangerOf, WHOLE_ROW_FUNCTIONS } from './dangerous.ts';
import { NEWER_TAGS, olderCall } from './newer-syntax.ts';
import type { Reading } from './reading.ts';
import { settingVerdict } from './settings.ts';
import { as, constantText, namesOf, stringOf, type Body, type BodyOf, type Node, type Tag } from './tree.ts';
import type { Visit, Visits } from './walk.ts';

/** What is a call only to older servers. */
function newerSyntax(tag: Tag): Visit<Tag> {
  return (body, reading, scope, walk) => {
    const name = olderCall(tag, body);
    if (name !== null) reading.syntax(name);
    walk.children(tag, body, reading, scope);
  };
}

export const EXPRESSION_VISITS: Visits = {
  ...Object.fromEntries(NEWER_TAGS.map((tag) => [tag, newerSyntax(tag)])),
  ColumnRef(body, reading) {
    const fields = body.fields ?? [];
    const last = fields.at(-1);
    if (as('A_Star', last) !== undefined) {
      reading.star = true;
      reading.stars++;
      return;
    }
    const name = stringOf(last) ?? '';
    if (fields.length === 1) reading.bareColumn(name);
    else attribute(name, reading);
  },
  A_Indirection(body, reading, scope, walk) {
    for (const item of body.indirection ?? []) {
      const name = stringOf(item);
      if (name !== null) attribute(name, reading);
      else if (as('A_Star', item) !== undefined) reading.star = reading.renamed = true;
    }
    walk.children('A_Indirection', body, reading, scope);
  },
  FuncCall(body, reading, scope, walk) {
    const names = namesOf(body.funcname);
    const name = names.at(-1) ?? '';
    reading.name('functions', names);
    const older = olderCall('FuncCall', body as Body);
    if (older !== null) reading.syntax(older);
    if (names.length === 1 && body.args?.length === 1) reading.columns.add(name);
    if (name === 'set_config') setConfig(body.args ?? [], reading);
    // with three arguments ts_rewrite only rewrites; with two the second is SQL
    else if (name !== 'ts_rewrite' || body.args?.length === 2) call(names.at(-2) ?? null, name, reading);
    walk.children('FuncCall', body, reading, scope);
  },
  A_Expr(body, reading, scope, walk) {
    for (const name of operatorNames(body)) reading.name('operators', name);
    walk.children('A_Expr', body, reading, scope);
  },
  SubLink(body, reading, scope, walk) {
    const names = namesOf(body.operName);
    // IN (SELECT …) is written without an operator
    if (names.length > 0) reading.name('operators', names);
    else if (body.testexpr !== undefined) reading.name('operators', ['=']);
    walk.children('SubLink', body, reading, scope);
  },
  SortBy(body, reading, scope, walk) {
    reading.name('operators', namesOf(body.useOp));
    walk.children('SortBy', body, reading, scope);
  },
  CaseExpr(body, reading, scope, walk) {
    if (body.arg !== undefined) reading.name('operators', ['=']);
    walk.children('CaseExpr', body, reading, scope);
  },
  IndexElem(body, reading, scope, walk) {
    if (body.name !== undefined) reading.columns.add(body.name);
    walk.children('IndexElem', body, reading, scope);
  },
  InferClause(body, reading, scope, walk) {
    // the conflict target's plain names are no expression: a unique violation tells as much without them
    for (const item of body.indexElems ?? []) {
      const element = as('IndexElem', item);
      if (element !== undefined) walk.children('IndexElem', element, reading, scope);
    }
    walk.children('InferClause', body, reading, scope, 'indexElems');
  },
  StatsElem(body, reading, scope, walk) {
    if (body.name !== undefined) reading.columns.add(body.name);
    walk.children('StatsElem', body, reading, scope);
  },
  PartitionElem(body, reading, scope, walk) {
    if (body.name !== undefined) reading.columns.add(body.name);
    walk.children('PartitionElem', body, reading, scope);
  },
};

/** A name after a dot: a column, or a function of what stands before the dot. */
function attribute(name: string, reading: Reading): void {
  reading.columns.add(name);
  if (WHOLE_ROW_FUNCTIONS.has(name)) reading.star = reading.renamed = true;
  call(null, name, reading);
}

function call(schema: string | null, name: string, reading: Reading): void {
  const danger = dangerOf(schema, name);
  if (danger === null) return;
  if (danger.sink) reading.sinks.add(name);
  for (const action of danger.actions) reading.find(action, name, `calls ${name}, which ${danger.why}`);
}

/** set_config(name, value, is_local) is SET by another road. */
function setConfig(args: readonly Node[], reading: Reading): void {
  reading.sinks.add('set_config');
  const nameArg = argument(args, 0, 'setting_name');
  const valueArg = argument(args, 1, 'new_value');
  const name = constantText(nameArg)?.toLowerCase();
  if (name === undefined) {
    reading.find('config', 'set_config', 'calls set_config for a setting that is not known before it runs');
    return;
  }
  const value = constantText(valueArg);
  const known = value !== null || isNull(valueArg);
  const local = constantText(argument(args, 2, 'is_local'))?.toLowerCase();
  const ends = local === 'on' || local === 't' || local === 'true';
  reading.settings.push({ name, value, known, ...(ends ? { local: true as const } : {}) });
  const { action, why } = settingVerdict(name, value, known);
  reading.find(action, 'set_config', `calls set_config on ${name}, which ${why}`);
}

function argument(args: readonly Node[], position: number, name: string): Node | undefined {
  for (const arg of args) {
    const named = as('NamedArgExpr', arg);
    if (named?.name === name) return named.arg;
  }
  const positional = args[position];
  return as('NamedArgExpr', positional) === undefined ? positional : undefined;
}

function isNull(node: Node | undefined): boolean {
  const cast = as('TypeCast', node);
  if (cast !== undefined) return isNull(cast.arg);
  return as('A_Const', node)?.isnull === true;
}

const BETWEEN = [['>='], ['<=']];
const NOT_BETWEEN = [['<'], ['>']];

/** The operators that an expression calls; BETWEEN is written with a word. */
function operatorNames(body: BodyOf<'A_Expr'>): readonly (readonly string[])[] {
  switch (body.kind) {
    case 'AEXPR_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
      return BETWEEN;
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_NOT_BETWEEN_SYM':
      return NOT_BETWEEN;
    default:
      return [namesOf(body.name)];
  }
}
