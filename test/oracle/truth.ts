/**
 * What PostgreSQL says a statement's outputs and stored values are computed from, read out of the query tree
 * it analysed and rewrote.
 *
 * Invariant: every column whose value an output may be computed from is in that output's `required`, but for
 * the shapes lineage treats as clean by policy: `count(column)` and `column IS [NOT] NULL` of a plain column.
 * What decides which rows there are (WHERE, the other arm of EXCEPT) is no value and is not in it; but the
 * value of EXISTS is whether there are rows, so it is computed from what its own query's conditions read.
 * Non-goals: what functions do inside, system columns, rules.
 */
import { FIRST_USER_OID } from '../../src/catalog/limits.ts';
import type { ColumnId } from '../../src/sql/lineage/lineage.ts';
import { COUNT_ANY, EXISTS_SUBLINK, EXPR_SUBLINK, PARAM_MULTIEXPR, SELECT, UNION } from './codes.ts';
import { flagIn, isNode, nodeIn, nodesIn, numberIn, textIn } from './node-tree.ts';
import type { TreeNode, TreeValue } from './node-tree.ts';
import {
  allEntries,
  dropsModifier,
  expandedView,
  isView,
  outputEntries,
  pick,
  rangeTableEntry,
  storedColumn,
  systemColumn,
  without,
} from './queries.ts';
import type { Views } from './queries.ts';
import { BOTTOM, CLEAN, computedFrom, eitherOf, onlyPermitted, sameSource } from './values.ts';
import type { Source } from './values.ts';

export type TrueOutput = { readonly name: string; readonly source: Source };
export type TrueStore = { readonly target: ColumnId; readonly source: Source };
export type Truth = { readonly outputs: readonly TrueOutput[]; readonly stores: readonly TrueStore[] };

/** As 14 and 15 print a row constructor, and as 16 and later do. */
const ROW_TAGS: ReadonlySet<string> = new Set(['ROW', 'ROWEXPR']);

/** Queries from the outermost to the one that an expression stands in. */
type Scopes = readonly TreeNode[];

/**
 * @param trees the rewritten trees of one statement, as logged
 * @param views what each column of a relation that is a view by itself stands for
 * @throws Error where a tree has something this does not know
 */
export function truthOf(trees: TreeValue, views: Views = new Map()): Truth {
  const queries = Array.isArray(trees) ? trees.filter((tree) => isNode(tree)) : [];
  const answering = queries.find((query) => flagIn(query, 'canSetTag'));
  if (answering === undefined) return { outputs: [], stores: [] };
  const follower = new Follower(views);
  return { outputs: follower.outputs(answering, []), stores: follower.stores(answering, []) };
}

class Follower {
  readonly #views: Views;
  readonly #cteDone = new Map<TreeNode, readonly Source[]>();
  readonly #cteRunning = new Map<TreeNode, readonly Source[]>();

  constructor(views: Views) {
    this.#views = views;
  }

  outputs(query: TreeNode, outer: Scopes): TrueOutput[] {
    const scopes = [...outer, query];
    const setOperations = nodeIn(query, 'setOperations');
    return outputEntries(query).map((entry) => ({
      name: textIn(entry, 'resname') ?? '',
      source:
        setOperations === null
          ? this.#source(entry.fields['expr'], scopes)
          : this.#armSource(setOperations, numberIn(entry, 'resno'), scopes),
    }));
  }

  /** Of the statement and of every CTE in it that writes; without what is computed from no column. */
  stores(query: TreeNode, outer: Scopes): TrueStore[] {
    const scopes = [...outer, query];
    const inside = nodesIn(query, 'cteList').flatMap((cte) => {
      const inner = nodeIn(cte, 'ctequery');
      return inner === null ? [] : this.stores(inner, scopes);
    });
    const command = numberIn(query, 'commandType');
    const written = numberIn(query, 'resultRelation');
    if (command === SELECT || written === 0) return inside;
    const relation = numberIn(rangeTableEntry(query, written), 'relid');
    const onConflict = nodeIn(query, 'onConflict');
    const entries = [
      ...nodesIn(query, 'targetList'),
      ...(onConflict === null ? [] : nodesIn(onConflict, 'onConflictSet')),
      ...nodesIn(query, 'mergeActionList').flatMap((action) => nodesIn(action, 'targetList')),
    ];
    const here = entries
      .filter((entry) => !flagIn(entry, 'resjunk'))
      .map((entry) => ({
        target: { relation, attnum: numberIn(entry, 'resno') },
        source: this.#source(entry.fields['expr'], scopes),
      }))
      .map(({ target, source }) => ({
        target,
        source: without(source, `${target.relation}.${target.attnum}`),
      }));
    return [...inside, ...here.filter((store) => store.source.required.size > 0)];
  }

  #outputSources(query: TreeNode, outer: Scopes): Source[] {
    return this.outputs(query, outer).map((output) => output.source);
  }

  /** EXCEPT and INTERSECT give back values of their left arm; the right one only chooses among them. */
  #armSource(node: TreeNode, column: number, scopes: Scopes): Source {
    if (node.tag === 'RANGETBLREF') return this.#rteColumn(numberIn(node, 'rtindex'), column, scopes);
    const [left, right] = ['larg', 'rarg'].map((field) => {
      const arm = nodeIn(node, field);
      return arm === null ? CLEAN : this.#armSource(arm, column, scopes);
    }) as [Source, Source];
    if (numberIn(node, 'op') === UNION) return eitherOf([left, right]);
    return { ...computedFrom([left, onlyPermitted(right)]), plain: left.plain };
  }

  #source(value: TreeValue | undefined, scopes: Scopes): Source {
    if (Array.isArray(value)) return computedFrom(value.map((member) => this.#source(member, scopes)));
    if (!isNode(value)) return CLEAN;
    switch (value.tag) {
      case 'VAR':
        return this.#variable(value, scopes);
      case 'AGGREF':
      case 'NULLTEST':
        return this.#maybeExempt(value, scopes);
      case 'SUBLINK':
        return this.#subLink(value, scopes);
      case 'WINDOWFUNC':
        return this.#windowFunction(value, scopes);
      case 'GROUPINGFUNC':
        return onlyPermitted(this.#fields(value, scopes)); // which grouping set it is, whatever the values
      case 'FIELDSELECT':
        return this.#field(nodeIn(value, 'arg'), numberIn(value, 'fieldnum'), scopes);
      case 'RELABELTYPE': {
        // JOIN USING drops a modifier, as numeric(12, 2) to numeric, where the two sides differ in it
        const inner = this.#source(value.fields['arg'], scopes);
        return dropsModifier(value) ? inner : computedFrom([inner]);
      }
      case 'PARAM':
        return numberIn(value, 'paramkind') === PARAM_MULTIEXPR ? this.#multiple(value, scopes) : CLEAN;
      case 'QUERY':
        throw new Error('truth: a query where an expression should be');
      default:
        return this.#fields(value, scopes);
    }
  }

  /** From everything in it: what any expression comes to. */
  #fields(node: TreeNode, scopes: Scopes): Source {
    return this.#source(Object.values(node.fields), scopes);
  }

  #variable(node: TreeNode, scopes: Scopes): Source {
    const level = scopes.length - numberIn(node, 'varlevelsup');
    return this.#rteColumn(numberIn(node, 'varno'), numberIn(node, 'varattno'), scopes.slice(0, level));
  }

  #maybeExempt(node: TreeNode, scopes: Scopes): Source {
    const source = this.#fields(node, scopes);
    const count = node.tag === 'AGGREF';
    if (count && numberIn(node, 'aggfnoid') !== COUNT_ANY) return source;
    if (count && node.fields['aggfilter'] !== null) return source;
    const [entry] = nodesIn(node, 'args');
    const argument = count ? (entry === undefined ? null : nodeIn(entry, 'expr')) : nodeIn(node, 'arg');
    return this.#isPlain(argument, scopes) ? onlyPermitted(source) : source;
  }

  #isPlain(argument: TreeNode | null, scopes: Scopes): boolean {
    if (argument?.tag !== 'VAR') return false;
    const attno = numberIn(argument, 'varattno');
    if (attno === 0) return this.#isTableRow(argument, scopes);
    if (attno < 0) return false;
    return this.#variable(argument, scopes).plain !== 'none';
  }

  /** A table's whole row is there or not, whatever is in it. */
  #isTableRow(node: TreeNode, scopes: Scopes): boolean {
    const query = scopes[scopes.length - numberIn(node, 'varlevelsup') - 1];
    return query !== undefined && numberIn(rangeTableEntry(query, numberIn(node, 'varno')), 'rtekind') === 0;
  }

  /** A windowed count of a plain column tells what the plain count does; its window still tells more. */
  #windowFunction(node: TreeNode, scopes: Scopes): Source {
    const [argument] = nodesIn(node, 'args');
    const counting = numberIn(node, 'winfnoid') === COUNT_ANY && node.fields['aggfilter'] === null;
    const called = this.#fields(node, scopes);
    const exempt = counting && this.#isPlain(argument ?? null, scopes);
    const window = this.#window(numberIn(node, 'winref'), scopes);
    return computedFrom([exempt ? onlyPermitted(called) : called, window]);
  }

  /** EXISTS says whether there are rows; all others give back outputs, or compare with them. */
  #subLink(node: TreeNode, scopes: Scopes): Source {
    const query = nodeIn(node, 'subselect');
    if (query === null) throw new Error('truth: a sublink without a query');
    const outputs = this.#outputSources(query, scopes);
    const kind = numberIn(node, 'subLinkType');
    if (kind === EXISTS_SUBLINK)
      return computedFrom([onlyPermitted(computedFrom(outputs)), this.#choosing(query, scopes)]);
    if (kind === EXPR_SUBLINK) return outputs[0] ?? CLEAN;
    return computedFrom([...outputs, this.#source(node.fields['testexpr'], scopes)]);
  }

  /** What its own WHERE, ON and HAVING read. */
  #choosing(query: TreeNode, outer: Scopes): Source {
    const scopes = [...outer, query];
    return computedFrom(['jointree', 'havingQual'].map((field) => this.#source(query.fields[field], scopes)));
  }

  /** One column of `(a, b) = (SELECT …)`: the identifier's upper half names the sublink, the lower the column. */
  #multiple(param: TreeNode, scopes: Scopes): Source {
    const id = numberIn(param, 'paramid');
    const query = scopes.at(-1);
    for (const entry of query === undefined ? [] : allEntries(query)) {
      const link = nodeIn(entry, 'expr');
      if (link?.tag !== 'SUBLINK' || numberIn(link, 'subLinkId') !== id >> 16) continue;
      const inner = nodeIn(link, 'subselect');
      if (inner !== null) return this.#outputSources(inner, scopes)[(id & 0xffff) - 1] ?? CLEAN;
    }
    throw new Error('truth: a parameter without its sublink');
  }

  /** PARTITION BY, ORDER BY and the frame decide what a window function computes. */
  #window(reference: number, scopes: Scopes): Source {
    const query = scopes.at(-1);
    if (query === undefined) return CLEAN;
    const clause = nodesIn(query, 'windowClause').find((one) => numberIn(one, 'winref') === reference);
    if (clause === undefined) throw new Error('truth: a window function without its window');
    const sorted = ['partitionClause', 'orderClause'].flatMap((field) => nodesIn(clause, field));
    const wanted = new Set(sorted.map((one) => numberIn(one, 'tleSortGroupRef')));
    const entries = nodesIn(query, 'targetList').filter((entry) =>
      wanted.has(numberIn(entry, 'ressortgroupref')),
    );
    const offsets = [clause.fields['startOffset'], clause.fields['endOffset']];
    return computedFrom(
      [...entries.map((entry) => entry.fields['expr']), ...offsets].map((part) => this.#source(part, scopes)),
    );
  }

  /** `(row).field`: the one column where the row can be seen being made, else all that the row is from. */
  #field(row: TreeNode | null, field: number, scopes: Scopes): Source {
    if (row === null) return CLEAN;
    if (ROW_TAGS.has(row.tag)) {
      const members = row.fields['args'];
      return this.#source(Array.isArray(members) ? members[field - 1] : null, scopes);
    }
    if (row.tag !== 'VAR') return this.#fields({ tag: 'ROW', fields: { row } }, scopes);
    const at = scopes.slice(0, scopes.length - numberIn(row, 'varlevelsup'));
    const attnum = numberIn(row, 'varattno');
    if (attnum === 0) return this.#rteColumn(numberIn(row, 'varno'), field, at);
    const inner = at.at(-1);
    const entry = inner === undefined ? null : rangeTableEntry(inner, numberIn(row, 'varno'));
    const query = entry === null ? null : nodeIn(entry, 'subquery');
    if (query === null || nodeIn(query, 'setOperations') !== null)
      return computedFrom([this.#variable(row, scopes)]);
    const made = outputEntries(query).find((one) => numberIn(one, 'resno') === attnum);
    return this.#field(made === undefined ? null : nodeIn(made, 'expr'), field, [...at, query]);
  }

  /** Column `attnum` of the innermost scope's range table entry `index`; 0 is the whole row. */
  #rteColumn(index: number, attnum: number, scopes: Scopes): Source {
    const query = scopes.at(-1);
    if (query === undefined) throw new Error('truth: a variable outside every query');
    const entry = rangeTableEntry(query, index);
    const relation = Number(entry.fields['relid'] ?? 0);
    if (attnum < 0) return systemColumn(relation, attnum);
    switch (numberIn(entry, 'rtekind')) {
      case 0:
        return isView(this.#views, relation)
          ? pick(this.#views.get(relation) ?? [], attnum, relation)
          : storedColumn(relation, attnum);
      case 1: {
        const inner = nodeIn(entry, 'subquery');
        if (inner === null) throw new Error('truth: a sub-query without a query');
        const view = expandedView(entry);
        if (view === 0) return pick(this.#outputSources(inner, scopes), attnum);
        if (view < FIRST_USER_OID) return storedColumn(view, attnum);
        return pick(this.#outputSources(inner, scopes), attnum, view);
      }
      case 2:
        return this.#listed(entry.fields['joinaliasvars'], attnum, scopes);
      case 3:
        return this.#functionColumn(entry, attnum, scopes);
      case 4:
        return computedFrom([this.#source(entry.fields['tablefunc'], scopes)]);
      case 5:
        return eitherOf(
          (entry.fields['values_lists'] as readonly TreeValue[]).map((row) =>
            this.#listed(row, attnum, scopes),
          ),
        );
      case 6:
        return this.#cteColumn(entry, attnum, scopes);
      case 8:
        return CLEAN;
      case 9:
        return this.#listed(entry.fields['groupexprs'], attnum, scopes);
      default:
        throw new Error(`truth: a range table entry of kind ${String(entry.fields['rtekind'])}`);
    }
  }

  #listed(list: TreeValue | undefined, attnum: number, scopes: Scopes): Source {
    if (attnum === 0) return this.#source(list, scopes);
    return this.#source(Array.isArray(list) ? list[attnum - 1] : null, scopes);
  }

  /** The columns of ROWS FROM stand side by side; WITH ORDINALITY adds one that only counts. */
  #functionColumn(entry: TreeNode, attnum: number, scopes: Scopes): Source {
    const functions = nodesIn(entry, 'functions');
    if (attnum === 0) return computedFrom([this.#source(functions, scopes)]);
    let last = 0;
    for (const one of functions) {
      last += numberIn(one, 'funccolcount');
      if (attnum <= last) return computedFrom([this.#source(one.fields['funcexpr'], scopes)]);
    }
    return onlyPermitted(this.#source(functions, scopes));
  }

  #cteColumn(entry: TreeNode, attnum: number, scopes: Scopes): Source {
    const home = scopes.slice(0, scopes.length - numberIn(entry, 'ctelevelsup'));
    const name = textIn(entry, 'ctename');
    const query = home.at(-1);
    const cte =
      query === undefined
        ? undefined
        : nodesIn(query, 'cteList').find((one) => textIn(one, 'ctename') === name);
    if (cte === undefined) throw new Error(`truth: no CTE ${String(name)}`);
    const running = this.#cteRunning.get(cte);
    if (running !== undefined) return attnum === 0 ? computedFrom(running) : (running[attnum - 1] ?? BOTTOM);
    return pick(this.#cteDone.get(cte) ?? this.#cteSources(cte, home), attnum);
  }

  /** Again and again, until a round finds nothing new: a recursive CTE reads itself. */
  #cteSources(cte: TreeNode, home: Scopes): readonly Source[] {
    const query = nodeIn(cte, 'ctequery');
    if (query === null) throw new Error('truth: a CTE without a query');
    // what is found while another CTE is still growing may not be all of it, so it is not remembered
    const alone = this.#cteRunning.size === 0;
    let found: readonly Source[] = [];
    for (;;) {
      this.#cteRunning.set(cte, found);
      const next = this.#outputSources(query, home);
      const settled = next.every((source, at) => sameSource(source, found[at] ?? BOTTOM));
      found = next;
      if (settled) break;
    }
    this.#cteRunning.delete(cte);
    if (alone) this.#cteDone.set(cte, found);
    return found;
  }
}
