/**
 * Which functions, operators and types only compute: their result comes from their arguments and nothing
 * else. What a function of people's own gives may be anything; a statement with an operator or type of
 * theirs is lost.
 *
 * Names stand for whatever they may stand for: a user's function of a built-in's name is that name.
 */
import { qualified, type TrustedFunction } from '../../catalog/snapshot.ts';
import { dangerOf } from '../dangerous.ts';
import { olderCall } from '../newer-syntax.ts';
import { namesOf, type Body, type BodyOf, type Node } from '../tree.ts';
import { lose, type Context } from './context.ts';
import type { ColumnId } from './lineage.ts';

/** Whether PostgreSQL may find something of people's own under this name. */
function couldBeUsers(context: Context, schema: string | undefined, name: string, own: ReadonlySet<string>) {
  if (schema === 'pg_catalog' || schema === 'information_schema') return false;
  if (schema !== undefined) return true;
  return !context.definition && own.has(name);
}

/** Of a function of people's own that is vouched for; what a view does not qualify is PostgreSQL's. */
function trustedOf(context: Context, names: readonly string[]): TrustedFunction | undefined {
  const name = names.at(-1) ?? '';
  const schema = names.at(-2) ?? (context.definition ? 'pg_catalog' : null);
  return context.snapshot.trusted?.get(qualified(schema, name));
}

/** Whether a function of this name can be called that only computes. */
export function isVouched(context: Context, names: readonly string[], argumentCount: number): boolean {
  const name = names.at(-1) ?? '';
  const schema = names.at(-2);
  const trusted = trustedOf(context, names) !== undefined;
  if (!trusted && couldBeUsers(context, schema, name, context.snapshot.userFunctions)) return false;
  if (!trusted && !context.snapshot.builtinFunctions.has(name)) return false;
  // with three arguments ts_rewrite only rewrites; with two the second is SQL
  if (name === 'ts_rewrite' && argumentCount === 3) return true;
  const danger = dangerOf(schema ?? null, name);
  return danger === null || !danger.actions.some((action) => action === 'export' || action === 'code');
}

/** What the result of a vouched function may come from besides its arguments: rows of what it reads. */
export function readsOfFunction(context: Context, names: readonly string[]): readonly ColumnId[] {
  return (trustedOf(context, names)?.reads ?? []).map((relation) => ({ relation, attnum: 0 }));
}

/** For a node that an older server may take for a call: it is one where there is such a function of people's. */
export function vouchSyntax(context: Context, tag: string, body: Body): void {
  const name = olderCall(tag, body);
  if (name !== null && couldBeUsers(context, undefined, name, context.snapshot.userFunctions))
    lose(`${name} may be a user's function, which may read anything`);
}

export function vouchOperator(context: Context, names: readonly string[]): void {
  const name = names.at(-1);
  if (name === undefined) return;
  const { userOperators } = context.snapshot;
  // what a view uses was there when the catalog was read, which leaves out operators that only compute
  const users = context.definition
    ? names.length > 1 && names.at(-2) !== 'pg_catalog' && userOperators.has(name)
    : couldBeUsers(context, names.at(-2), name, userOperators);
  if (users) lose(`the operator ${names.join('.')} may run a user's function`);
}

/** Of types only those that the catalog lists can run code; an enumeration or a table's row type can not. */
export function vouchType(context: Context, type: BodyOf<'TypeName'> | undefined): void {
  const names = namesOf(type?.names);
  const name = names.at(-1);
  if (name === undefined || names.at(-2) === 'pg_catalog' || (context.definition && names.length === 1))
    return;
  if (context.snapshot.userTypes.has(name)) lose(`the type ${names.join('.')} may run a user's function`);
}

export const EQUALS = ['='];

const BETWEEN = [['>='], ['<=']];
const NOT_BETWEEN = [['<'], ['>']];

export function vouchExpression(context: Context, body: BodyOf<'A_Expr'>): void {
  for (const names of operatorsOf(body.kind, body.name)) vouchOperator(context, names);
}

/** The operators that an expression calls; BETWEEN is written with a word. */
function operatorsOf(
  kind: BodyOf<'A_Expr'>['kind'],
  name: readonly Node[] | undefined,
): readonly (readonly string[])[] {
  switch (kind) {
    case 'AEXPR_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
      return BETWEEN;
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_NOT_BETWEEN_SYM':
      return NOT_BETWEEN;
    default:
      return [namesOf(name)];
  }
}
