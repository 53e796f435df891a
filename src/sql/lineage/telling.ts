/**
 * What a computation tells beside its result: whether it failed, and how many rows it made. An error comes
 * back as an error whatever is masked, so `1 / (salary - 5000)` asks a question of a masked column.
 *
 * Invariant: what is not listed here as safe can fail. Listed is what gives a result for every value that a
 * column can hold; where only a constant argument makes it fail, it fails for every row alike.
 */
import { namesOf, stringOf, type BodyOf } from '../tree.ts';

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

/** PostgreSQL's own functions that fail on no value of a stored column. */
const NEVER_FAIL = words(`
  upper lower initcap length char_length character_length octet_length bit_length md5 sha224 sha256 sha384
  sha512 concat concat_ws format btrim trim ltrim rtrim reverse left right substr substring split_part replace
  translate overlay position strpos starts_with lpad rpad ascii quote_ident quote_literal quote_nullable
  regexp_replace regexp_match regexp_matches regexp_like regexp_count regexp_instr regexp_substr
  regexp_split_to_array regexp_split_to_table string_to_array string_to_table encode normalize unaccent
  soundex metaphone similarity word_similarity levenshtein to_char date_trunc date_part extract age timezone
  justify_days justify_hours justify_interval make_interval abs sign ceil ceiling floor round trunc width_bucket
  count sum avg min max stddev stddev_pop stddev_samp variance var_pop var_samp bool_and bool_or every
  bit_and bit_or bit_xor array_agg string_agg json_agg jsonb_agg json_agg_strict jsonb_agg_strict any_value
  corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy
  regr_syy mode percentile_cont percentile_disc rank dense_rank percent_rank cume_dist row_number ntile lag
  lead first_value last_value nth_value coalesce greatest least nullif num_nulls num_nonnulls to_json to_jsonb
  row_to_json array_to_json json_build_object jsonb_build_object json_build_array jsonb_build_array
  json_typeof jsonb_typeof json_extract_path json_extract_path_text jsonb_extract_path
  jsonb_extract_path_text jsonb_pretty jsonb_strip_nulls json_strip_nulls array_length array_upper array_lower
  cardinality array_ndims array_dims array_position array_positions array_append array_prepend array_cat
  array_remove array_replace array_to_string to_tsvector host text abbrev family masklen pg_typeof
  pg_column_size hashtext collation
`);

/** Comparisons and those that put texts, arrays and JSON together or take them apart. */
const NEVER_FAIL_OPERATORS = words(`
  = <> != < <= > >= || ~~ ~~* !~~ !~~* ~ ~* !~ !~* ^@ -> ->> #> #>> @> <@ ? ?| ?& && @@
`);

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

export function functionCanFail(name: string): boolean {
  return !NEVER_FAIL.has(name) && !ROW_MAKERS.has(name);
}

export function operatorCanFail(body: BodyOf<'A_Expr'>): boolean {
  switch (body.kind) {
    case 'AEXPR_OP':
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL':
      return !NEVER_FAIL_OPERATORS.has(namesOf(body.name).at(-1) ?? '');
    default:
      return false;
  }
}

export function castCanFail(type: BodyOf<'TypeName'> | undefined): boolean {
  if (type?.arrayBounds !== undefined) return true;
  return !TEXT_TYPES.has(stringOf(type?.names?.at(-1)) ?? '');
}

export function makesRows(name: string): boolean {
  return ROW_MAKERS.has(name);
}
