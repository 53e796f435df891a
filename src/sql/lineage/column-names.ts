/**
 * The name PostgreSQL gives to an output without one: `FigureColname` of `parse_target.c`, versions 14 to 18.
 *
 * Invariant: a name is PostgreSQL's or the statement is lost, because an outer query that uses a name we don't
 * have would find another column of that name further out.
 * Non-goal: the name of `(SELECT * FROM …)` as a value, which would take the catalog; it is lost.
 */
import { as, namesOf, stringOf, tagOf, type Node } from '../tree.ts';
import { lose } from './context.ts';

const UNNAMED = '?column?';

/** A name that a cast's type or a CASE would override is weak. */
type Figured = { readonly name: string; readonly strong: boolean } | null;

export function outputName(node: Node | undefined): string {
  return figure(node)?.name ?? UNNAMED;
}

const BY_TAG: ReadonlyMap<string, string> = new Map([
  ['GroupingFunc', 'grouping'],
  ['MergeSupportFunc', 'merge_action'],
  ['A_ArrayExpr', 'array'],
  ['RowExpr', 'row'],
  ['CoalesceExpr', 'coalesce'],
  ['XmlSerialize', 'xmlserialize'],
  ['JsonParseExpr', 'json'],
  ['JsonScalarExpr', 'json_scalar'],
  ['JsonSerializeExpr', 'json_serialize'],
  ['JsonObjectConstructor', 'json_object'],
  ['JsonArrayConstructor', 'json_array'],
  ['JsonArrayQueryConstructor', 'json_array'],
  ['JsonObjectAgg', 'json_objectagg'],
  ['JsonArrayAgg', 'json_arrayagg'],
]);

/** Nodes of which one field says which of several constructs they are. */
const BY_KIND: ReadonlyMap<string, string> = new Map([
  ['IS_GREATEST', 'greatest'],
  ['IS_LEAST', 'least'],
  ['IS_XMLCONCAT', 'xmlconcat'],
  ['IS_XMLELEMENT', 'xmlelement'],
  ['IS_XMLFOREST', 'xmlforest'],
  ['IS_XMLPARSE', 'xmlparse'],
  ['IS_XMLPI', 'xmlpi'],
  ['IS_XMLROOT', 'xmlroot'],
  ['JSON_EXISTS_OP', 'json_exists'],
  ['JSON_QUERY_OP', 'json_query'],
  ['JSON_VALUE_OP', 'json_value'],
  ['SVFOP_CURRENT_DATE', 'current_date'],
  ['SVFOP_CURRENT_TIME', 'current_time'],
  ['SVFOP_CURRENT_TIME_N', 'current_time'],
  ['SVFOP_CURRENT_TIMESTAMP', 'current_timestamp'],
  ['SVFOP_CURRENT_TIMESTAMP_N', 'current_timestamp'],
  ['SVFOP_LOCALTIME', 'localtime'],
  ['SVFOP_LOCALTIME_N', 'localtime'],
  ['SVFOP_LOCALTIMESTAMP', 'localtimestamp'],
  ['SVFOP_LOCALTIMESTAMP_N', 'localtimestamp'],
  ['SVFOP_CURRENT_ROLE', 'current_role'],
  ['SVFOP_CURRENT_USER', 'current_user'],
  ['SVFOP_USER', 'user'],
  ['SVFOP_SESSION_USER', 'session_user'],
  ['SVFOP_CURRENT_CATALOG', 'current_catalog'],
  ['SVFOP_CURRENT_SCHEMA', 'current_schema'],
  ['EXISTS_SUBLINK', 'exists'],
  ['ARRAY_SUBLINK', 'array'],
]);

function figure(node: Node | undefined): Figured {
  const tag = tagOf(node);
  if (tag === null || node === undefined) return null;
  const always = BY_TAG.get(tag);
  if (always !== undefined) return strong(always);
  switch (tag) {
    case 'ColumnRef':
      return lastName(as('ColumnRef', node)?.fields);
    case 'A_Indirection': {
      const body = as('A_Indirection', node);
      return lastName(body?.indirection) ?? figure(body?.arg);
    }
    case 'FuncCall':
      return lastName(as('FuncCall', node)?.funcname);
    case 'A_Expr':
      return as('A_Expr', node)?.kind === 'AEXPR_NULLIF' ? strong('nullif') : null;
    case 'CollateClause':
      return figure(as('CollateClause', node)?.arg);
    case 'TypeCast': {
      const body = as('TypeCast', node);
      const inner = figure(body?.arg);
      if (inner?.strong === true) return inner;
      const type = namesOf(body?.typeName?.names).at(-1);
      return type === undefined ? inner : { name: type, strong: false };
    }
    case 'CaseExpr': {
      const inner = figure(as('CaseExpr', node)?.defresult);
      return inner?.strong === true ? inner : { name: 'case', strong: false };
    }
    case 'SubLink':
      return ofSubLink(node);
    case 'MinMaxExpr':
    case 'SQLValueFunction':
    case 'XmlExpr':
    case 'JsonFuncExpr': {
      const { op } = (Object.values(node)[0] ?? {}) as { readonly op?: string };
      const name = BY_KIND.get(op ?? '');
      return name === undefined ? null : strong(name);
    }
    default:
      return null;
  }
}

function strong(name: string): Figured {
  return { name, strong: true };
}

function lastName(list: readonly Node[] | undefined): Figured {
  const name = (list ?? []).map(stringOf).findLast((one) => one !== null);
  return name === undefined || name === null ? null : strong(name);
}

function ofSubLink(node: Node): Figured {
  const link = as('SubLink', node);
  const name = BY_KIND.get(link?.subLinkType ?? '');
  if (name !== undefined) return strong(name);
  if (link?.subLinkType !== 'EXPR_SUBLINK') return null;
  // the sub-query's own first name, however it came by it
  let select = as('SelectStmt', link.subselect);
  while (select?.larg !== undefined) select = select.larg;
  if (select?.valuesLists !== undefined) return strong('column1');
  const target = as('ResTarget', select?.targetList?.[0]);
  const last =
    as('ColumnRef', target?.val)?.fields?.at(-1) ?? as('A_Indirection', target?.val)?.indirection?.at(-1);
  if (as('A_Star', last) !== undefined) lose('the name of a sub-query of `*` as a value is not known');
  return target === undefined ? null : strong(target.name ?? outputName(target.val));
}
