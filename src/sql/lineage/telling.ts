/**
 * What a computation tells beside its result: whether it failed, and how many rows it made. An error comes
 * back as an error whatever is masked, so `1 / (salary - 5000)` asks a question of a masked column.
 *
 * Invariant: what is not listed here as safe can fail. Listed is what gives a result for every value that the
 * named arguments can hold; an argument that is a position, a pattern, a unit or a format is not one of these,
 * as `split_part('a', 'b', strpos(ssn, '1'))` fails for what it does not find.
 * Non-goals: memory and time, which any statement can use up.
 */
import { as, namesOf, stringOf, type BodyOf, type Node } from '../tree.ts';
import type { Context } from './context.ts';
import type { Value } from './values.ts';

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

/** PostgreSQL's own functions that fail for no value of any argument. */
const NEVER_FAIL = words(`
  upper lower initcap length char_length character_length octet_length bit_length md5 sha224 sha256 sha384
  sha512 concat concat_ws btrim trim ltrim rtrim reverse left right replace translate position strpos
  starts_with ascii quote_ident quote_literal quote_nullable string_to_array ceil ceiling floor
  count min max bool_and bool_or every bit_and bit_or bit_xor string_agg json_agg jsonb_agg json_agg_strict
  jsonb_agg_strict any_value mode rank dense_rank percent_rank cume_dist
  row_number first_value last_value coalesce greatest least nullif num_nulls num_nonnulls to_json to_jsonb
  row_to_json array_to_json json_build_array jsonb_build_array json_typeof jsonb_typeof json_extract_path
  json_extract_path_text jsonb_extract_path jsonb_extract_path_text jsonb_pretty jsonb_strip_nulls
  json_strip_nulls array_length array_upper array_lower cardinality array_ndims array_dims array_to_string host
  text abbrev family masklen pg_typeof pg_column_size hashtext
`);

/** Those that fail for no value of the arguments at these places; of what orders an aggregate, for none. */
const SAFE_AT: ReadonlyMap<string, readonly number[]> = new Map([
  ...at([], 'percentile_cont percentile_disc'),
  ...at(
    [0],
    `substr substring regexp_match regexp_like regexp_count regexp_instr regexp_substr regexp_split_to_array encode
     normalize to_char width_bucket round trunc lag lead nth_value`,
  ),
  ...at([0, 1], 'split_part overlay'),
  ...at([0, 2], 'lpad rpad regexp_replace'),
  ...at([1], 'date_part extract'),
]);

function at(places: readonly number[], names: string): readonly (readonly [string, readonly number[]])[] {
  return [...words(names)].map((name) => [name, places]);
}

/** Those whose arguments may be what is stored, which can be no extreme that a statement made up. */
const SAFE_FOR_STORED = words(`
  sum avg stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp regr_avgx regr_avgy
  regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy abs age justify_days justify_hours
  justify_interval
`);

/** Functions that give as plain a number as they are given, or a small one. */
const NUMBERS = words(`
  sum avg min max round trunc ceil ceiling floor abs count length char_length character_length octet_length
  bit_length position strpos ascii num_nulls num_nonnulls array_length cardinality date_part extract
`);

/** Functions that give one text. */
const TEXTS = words(`
  upper lower initcap md5 concat concat_ws btrim trim ltrim rtrim reverse left right replace translate quote_ident
  quote_literal quote_nullable string_agg substr substring regexp_substr encode normalize to_char split_part
  overlay lpad rpad regexp_replace format array_to_string host text abbrev json_typeof jsonb_typeof
`);

/** Comparisons, and those that take JSON, arrays and ranges apart. */
const NEVER_FAIL_OPERATORS = words(`
  = <> != < <= > >= ^@ -> ->> #> #>> @> <@ ? ?| ?& && @@
`);

/** Fail where the pattern on their right is none. */
const PATTERN_OPERATORS = words('~~ ~~* !~~ !~~* ~ ~* !~ !~*');

/** Any value can be written as one of these. */
const TEXT_TYPES = words('text varchar bpchar char name');

/** Functions that make a number of rows that depends on what they are given. */
const ROW_MAKERS = words(`
  generate_series generate_subscripts unnest regexp_matches regexp_split_to_table string_to_table json_each
  json_each_text jsonb_each jsonb_each_text json_array_elements json_array_elements_text jsonb_array_elements
  jsonb_array_elements_text json_object_keys jsonb_object_keys jsonb_path_query jsonb_path_query_tz
  json_populate_recordset jsonb_populate_recordset json_to_recordset jsonb_to_recordset ts_parse ts_debug
  aclexplode pg_options_to_table
`);

/** pg_type.dat: text, character varying, character, name, uuid, dates and times, inet, cidr, boolean. */
const SCALARS = new Set([25, 1043, 1042, 19, 2950, 1082, 1083, 1114, 1184, 1266, 869, 650, 16]);
/** pg_type.dat: the integers, floats and numeric. */
const NUMERIC = new Set([20, 21, 23, 700, 701, 1700]);

export function makesRows(name: string): boolean {
  return ROW_MAKERS.has(name);
}

/** Whether it fails for no value whatever, of any argument. */
export function neverFails(name: string): boolean {
  return NEVER_FAIL.has(name);
}

/** Whether only its arguments can make it fail. */
export function isKnown(name: string): boolean {
  return NEVER_FAIL.has(name) || SAFE_AT.has(name) || SAFE_FOR_STORED.has(name) || name === 'array_agg';
}

/** Whether this call can fail for some value of the argument at `place`, from 0. */
export function argumentCanFail(
  context: Context,
  { name, body }: { readonly name: string; readonly body: BodyOf<'FuncCall'> },
  place: number,
  value: Value,
): boolean {
  if (NEVER_FAIL.has(name)) return false;
  const args = body.args ?? [];
  if (body.func_variadic === true || args.some((arg) => as('NamedArgExpr', arg) !== undefined)) return true;
  if (SAFE_AT.get(name)?.includes(place) === true) return false;
  if (SAFE_FOR_STORED.has(name)) return !isStored(value);
  switch (name) {
    case 'array_agg':
      // arrays in an array must be of one length
      return !isScalar(context, value);
    case 'date_trunc':
    case 'timezone':
      return place !== 1 || !isStored(value);
    case 'format':
      return place === 0 || !isPlainFormat(args[0]);
    case 'json_build_object':
    case 'jsonb_build_object':
      // a key can be no NULL
      return place % 2 === 0;
    default:
      return true;
  }
}

/** `%I` fails for NULL, and `%*s` takes a width from its arguments. */
function isPlainFormat(node: Node | undefined): boolean {
  const text = as('A_Const', node)?.sval?.sval;
  return text !== undefined && /^(?:[^%]|%[sL%])*$/.test(text);
}

/** Whether the operator can fail for some value of the operands that are computed from columns. */
export function operatorCanFail(
  context: Context,
  body: BodyOf<'A_Expr'>,
  left: Value | null,
  right: Value,
): boolean {
  const name = namesOf(body.name).at(-1) ?? '';
  switch (body.kind) {
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
    case 'AEXPR_SIMILAR':
      return right.columns.length > 0;
    case 'AEXPR_OP':
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL':
      if (PATTERN_OPERATORS.has(name)) return right.columns.length > 0;
      // arrays that are put together must be alike
      if (name === '||')
        return [left, right].some((one) => one !== null && one.columns.length > 0 && !isScalar(context, one));
      return !NEVER_FAIL_OPERATORS.has(name);
    default:
      return false;
  }
}

/** Whether an operator without columns' values can be run without failing: `name ~ '('` can not. */
export function operatorNeverFails(name: string): boolean {
  return NEVER_FAIL_OPERATORS.has(name);
}

export function isTextType(type: BodyOf<'TypeName'> | undefined): boolean {
  return type?.arrayBounds === undefined && TEXT_TYPES.has(stringOf(type?.names?.at(-1)) ?? '');
}

export function castCanFail(context: Context, type: BodyOf<'TypeName'> | undefined, value: Value): boolean {
  if (isTextType(type)) return false;
  if (type?.arrayBounds !== undefined || type?.typmods !== undefined) return true;
  const names = namesOf(type?.names);
  if (names.length === 2 && names[0] !== 'pg_catalog') return true;
  switch (names.at(-1)) {
    case 'numeric':
    case 'float8':
      // no plain number is too large for these
      return !isNumber(context, value);
    default:
      return true;
  }
}

/** The type of a stored column as it is; null for everything else. */
export function storedType(context: Context, value: Value): number | null {
  const [column] = value.columns;
  if (value.kind !== 'direct' || column === undefined) return null;
  const columns = context.snapshot.relations.get(column.relation)?.columns;
  return columns?.find((one) => one.attnum === column.attnum)?.typeOid ?? null;
}

/** It is surely no array, row or document. */
export function isScalar(context: Context, value: Value): boolean {
  const type = storedType(context, value);
  return type === null ? value.plain !== undefined : SCALARS.has(type) || NUMERIC.has(type);
}

function isNumber(context: Context, value: Value): boolean {
  const type = storedType(context, value);
  return type === null ? value.plain === 'number' : NUMERIC.has(type);
}

function isStored(value: Value): boolean {
  return value.kind === 'direct' || value.plain === 'number';
}

/** What is known of a call's result by its name. */
export function plainResult(context: Context, name: string, args: readonly Value[]): Value['plain'] {
  if (TEXTS.has(name)) return 'text';
  const tainted = args.filter((arg) => arg.columns.length > 0);
  if (name === 'min' || name === 'max') return plainOf(context, tainted[0]);
  if (!NUMBERS.has(name)) return undefined;
  if (!SAFE_FOR_STORED.has(name) && !/^(?:round|trunc|ceil|ceiling|floor)$/.test(name)) return 'number';
  return tainted.every((arg) => isNumber(context, arg)) ? 'number' : undefined;
}

/** As what a value passes on through NULLIF, COALESCE and such. */
export function plainOf(context: Context, value: Value | undefined): Value['plain'] {
  if (value === undefined) return undefined;
  if (isNumber(context, value)) return 'number';
  return isScalar(context, value) ? 'text' : undefined;
}
