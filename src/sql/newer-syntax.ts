/**
 * Words that the newest grammar reads as syntax, and a server of 14, 15 or 16 as a function's name: SQL/JSON came with
 * 16 and 17 (gram.y, func_expr_common_subexpr), merge_action() with 17. On an older server `json_value(x, '$')` calls
 * whatever function somebody gave that name, so it counts as such a call wherever there is one.
 */
import { namesOf, type Body, type Tag } from './tree.ts';

const NAMES: { readonly [K in Tag]?: string } = {
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
  MergeSupportFunc: 'merge_action',
};

const JSON_FUNCTIONS: Readonly<Record<string, string>> = {
  JSON_EXISTS_OP: 'json_exists',
  JSON_QUERY_OP: 'json_query',
  JSON_VALUE_OP: 'json_value',
};

/** Tags of nodes that are nothing but such a word. */
export const NEWER_TAGS = [...Object.keys(NAMES), 'JsonFuncExpr'] as readonly Tag[];

/** The function that an older server may call for a node of this tag; null where all versions read it alike. */
export function olderCall(tag: string, body: Body): string | null {
  if (tag === 'JsonFuncExpr') return JSON_FUNCTIONS[String(body['op'])] ?? 'json_value';
  if (tag !== 'FuncCall') return (NAMES as Readonly<Record<string, string>>)[tag] ?? null;
  // the grammar itself puts the schema before what was written without one
  const names = namesOf(body['funcname'] as Parameters<typeof namesOf>[0]);
  return names.length === 2 && names[0] === 'pg_catalog' && names[1] === 'json_object' ? 'json_object' : null;
}
