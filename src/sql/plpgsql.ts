/**
 * Reads a PL/pgSQL function: the SQL in it, one text each, and the rest of what it can do.
 *
 * Invariant: every kind of node has a rule that names its fields, and one without a rule, or with a field that
 * is not named, makes the whole function unread. So do dynamic SQL, cursors that outlive the call or that it was
 * given, calls of procedures, ends of transactions, and error codes made of data.
 * Non-goal: following values through variables.
 */
import { MAX_FUNCTION_CHARS, MAX_PLPGSQL_BLOCKS } from './limits.ts';
import { parsePlpgsql } from './parser.ts';
import { tokensOf, type Token } from './tokens.ts';

export type Plpgsql = {
  /** Statements, and expressions as `SELECT …`. */
  readonly texts: readonly string[];
  /** Types of its variables as written. */
  readonly types: readonly string[];
  /** RAISE or ASSERT: it can end in an error that it chooses. */
  readonly raises: boolean;
  /** Some variable has a second name. */
  readonly aliases: boolean;
};

/**
 * Node → the fields it may have. A field is read for what nodes are in it; what is no object says nothing.
 * From `plpgsql.h` of PostgreSQL 18 and libpg-query's `pg_query_json_plpgsql.c`.
 */
export const PLPGSQL_NODES: Readonly<Record<string, string>> = {
  PLpgSQL_function: 'new_varno old_varno out_param_varno datums action aliases',
  PLpgSQL_alias: 'name varno lineno',
  PLpgSQL_var: `refname dno lineno datatype isconst notnull default_val cursor_explicit_expr cursor_explicit_argrow
    cursor_options promise`,
  PLpgSQL_rec: 'refname dno lineno datatype isconst notnull default_val',
  PLpgSQL_recfield: 'fieldname recparentno',
  PLpgSQL_row: 'refname lineno fields',
  PLpgSQL_type: 'typname',
  PLpgSQL_expr: 'query parseMode',
  PLpgSQL_stmt_block: 'lineno label body n_initvars initvarnos exceptions',
  PLpgSQL_exception_block: 'exc_list sqlstate_varno sqlerrm_varno',
  PLpgSQL_exception: 'lineno conditions action',
  PLpgSQL_condition: 'condname sqlerrstate',
  PLpgSQL_stmt_assign: 'lineno varno expr',
  PLpgSQL_stmt_if: 'lineno cond then_body elsif_list else_body',
  PLpgSQL_if_elsif: 'lineno cond stmts',
  PLpgSQL_stmt_case: 'lineno t_expr t_varno case_when_list have_else else_stmts',
  PLpgSQL_case_when: 'lineno expr stmts',
  PLpgSQL_stmt_loop: 'lineno label body',
  PLpgSQL_stmt_while: 'lineno label cond body',
  PLpgSQL_stmt_fori: 'lineno label var lower upper step reverse body',
  PLpgSQL_stmt_fors: 'lineno label var body query',
  PLpgSQL_stmt_forc: 'lineno label var body curvar argquery',
  PLpgSQL_stmt_foreach_a: 'lineno label varno slice expr body',
  PLpgSQL_stmt_exit: 'lineno is_exit label cond',
  PLpgSQL_stmt_return: 'lineno expr retvarno',
  PLpgSQL_stmt_return_next: 'lineno expr retvarno',
  PLpgSQL_stmt_return_query: 'lineno query',
  PLpgSQL_stmt_raise: 'lineno elog_level condname message params options',
  PLpgSQL_raise_option: 'opt_type expr',
  PLpgSQL_stmt_assert: 'lineno cond message',
  PLpgSQL_stmt_execsql: 'lineno sqlstmt into strict target',
  PLpgSQL_stmt_perform: 'lineno expr',
  PLpgSQL_stmt_getdiag: 'lineno is_stacked diag_items',
  PLpgSQL_diag_item: 'kind target',
};

const FIELDS = new Map(
  Object.entries(PLPGSQL_NODES).map(([tag, fields]) => [tag, new Set(fields.trim().split(/\s+/))]),
);

/** PLPGSQL_RAISEOPTION_ERRCODE; left out of the JSON, as all that is zero, in some builds. */
const ERRCODE = 0;

/** RawParseMode: a statement, an expression, and assignments to a name of one, two or three parts. */
const STATEMENT = 0;
const EXPRESSION = 2;
const ASSIGNMENTS: readonly unknown[] = [3, 4, 5];

class Unread extends Error {}

/** `definition` is a whole `CREATE FUNCTION`. Null where something in it has no rule; never throws. */
export function readPlpgsql(definition: string): Plpgsql | null {
  if (definition.length > MAX_FUNCTION_CHARS || !isShallow(definition)) return null;
  const parsed = parsePlpgsql(definition) as { readonly plpgsql_funcs?: readonly unknown[] } | null;
  const functions = parsed?.plpgsql_funcs;
  if (functions?.length !== 1) return null;
  return readPlpgsqlTree(functions[0]);
}

/** For a tree as the parser gives it: `{ PLpgSQL_function: … }`. */
export function readPlpgsqlTree(tree: unknown): Plpgsql | null {
  const reader = new Reader();
  try {
    reader.node(tree);
  } catch (error) {
    if (error instanceof Unread || error instanceof RangeError) return null;
    throw error;
  }
  const { texts, types, raises, aliases } = reader;
  return { texts, types, raises, aliases };
}

type Fields = Readonly<Record<string, unknown>>;

class Reader {
  readonly texts: string[] = [];
  readonly types: string[] = [];
  raises = false;
  aliases = false;

  node(node: unknown): void {
    if (!isObject(node)) throw new Unread();
    const [entry, ...others] = Object.entries(node);
    if (entry === undefined || others.length > 0) throw new Unread();
    const [tag, body] = entry;
    const known = FIELDS.get(tag);
    if (known === undefined || !isObject(body)) throw new Unread();
    for (const field of Object.keys(body)) if (!known.has(field)) throw new Unread();
    this.#own(tag, body);
    // the fields of a row are names and numbers of variables
    if (tag !== 'PLpgSQL_row') for (const value of Object.values(body)) this.#value(value);
  }

  #value(value: unknown): void {
    if (Array.isArray(value)) for (const one of value) this.#value(one);
    else if (isObject(value)) this.node(value);
  }

  #own(tag: string, body: Fields): void {
    switch (tag) {
      case 'PLpgSQL_expr':
        this.#expression(body['query'], body['parseMode'] ?? STATEMENT);
        break;
      case 'PLpgSQL_type':
        if (typeof body['typname'] !== 'string') throw new Unread();
        this.types.push(body['typname']);
        break;
      case 'PLpgSQL_alias':
        this.aliases = true;
        break;
      case 'PLpgSQL_stmt_raise':
      case 'PLpgSQL_stmt_assert':
        this.raises = true;
        break;
      case 'PLpgSQL_raise_option':
        if ((body['opt_type'] ?? ERRCODE) === ERRCODE) throw new Unread();
        break;
    }
  }

  #expression(query: unknown, mode: unknown): void {
    if (typeof query !== 'string') throw new Unread();
    if (mode === STATEMENT) this.texts.push(query);
    else if (mode === EXPRESSION) this.texts.push(`SELECT ${query}`);
    else if (ASSIGNMENTS.includes(mode)) this.texts.push(...sidesOf(query).map((side) => `SELECT ${side}`));
    else throw new Unread();
  }
}

/** `x[f(1)] := 2`: what is subscripted is computed as well. */
function sidesOf(assignment: string): readonly string[] {
  const tokens = tokensOf(assignment) ?? [];
  let depth = 0;
  for (const { text, start, end } of tokens) {
    if (text === '(' || text === '[') depth++;
    else if (text === ')' || text === ']') depth--;
    else if (depth === 0 && (text === ':=' || text === '='))
      return [assignment.slice(0, start), assignment.slice(end)];
  }
  throw new Unread();
}

/** Whether the parser can be given it: its nesting is at most the number of what nests. */
function isShallow(definition: string): boolean {
  let tokens = tokensOf(definition);
  const body = tokens?.filter(({ text }) => text.startsWith('$') && text.endsWith('$')).at(-1);
  if (body !== undefined) tokens = tokensOf(unquoted(body));
  if (tokens === null || body === undefined) return false;
  return tokens.filter(({ text }) => NESTING.has(text.toLowerCase())).length <= MAX_PLPGSQL_BLOCKS;
}

const NESTING: ReadonlySet<string> = new Set([
  'begin',
  'if',
  'loop',
  'case',
  'for',
  'foreach',
  'while',
  'when',
]);

/** `$function$…$function$`, as pg_get_functiondef writes a body. */
function unquoted({ text }: Token): string {
  const tag = text.slice(0, text.indexOf('$', 1) + 1);
  return text.slice(tag.length, -tag.length);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
