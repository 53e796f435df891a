import { flagIn, nodeIn, nodesIn, numberIn, textIn } from './node-tree.ts';
import type { TreeNode } from './node-tree.ts';
import { IMPLICIT_CAST, SELECT } from './codes.ts';
import { computedFrom, onlyPermitted, plainColumn } from './values.ts';
import type { ColumnKey, Source } from './values.ts';

/**
 * Views that a rewritten tree still names as relations (materialised ones, and those with INSTEAD OF
 * triggers): OID → what each column stands for, in attribute order.
 */
export type Views = ReadonlyMap<number, readonly Source[]>;

export function isView(views: Views, relation: number): boolean {
  return views.has(relation);
}

/** Entries count from 1, as `varno` does. @throws Error where there is none */
export function rangeTableEntry(query: TreeNode, index: number): TreeNode {
  const entry = nodesIn(query, 'rtable')[index - 1];
  if (entry === undefined) throw new Error(`truth: no range table entry ${index}`);
  return entry;
}

/**
 * The view that a sub-query stands for, or 0. From 16 on the entry keeps the view's OID. Before, it loses it, and
 * the view's own query begins with an entry for the view, named `old`, that nothing in it refers to (the other, `new`,
 * follows): a sub-query that a person wrote can't begin so, since none of its tables would stand outside FROM.
 */
export function expandedView(entry: TreeNode): number {
  const kept = Number(entry.fields['relid'] ?? 0);
  if (kept !== 0) return kept;
  const query = nodeIn(entry, 'subquery');
  const [first, second] = query === null ? [] : nodesIn(query, 'rtable');
  if (first === undefined || second === undefined) return 0;
  const named = [first, second].map((one) => textIn(nodeIn(one, 'eref') ?? one, 'aliasname'));
  if (named[0] !== 'old' || named[1] !== 'new' || textIn(first, 'relkind') !== 'v') return 0;
  return flagIn(first, 'inFromCl') ? 0 : numberIn(first, 'relid');
}

export function pick(columns: readonly Source[], attnum: number, viewOid?: number): Source {
  const found = attnum === 0 ? computedFrom(columns) : columns[attnum - 1];
  if (found === undefined) throw new Error(`truth: no column ${attnum}`);
  if (viewOid === undefined) return found;
  return { ...found, permitted: new Set([...found.permitted, `${viewOid}.${attnum}` as const]) };
}

/** Views of the system are ends: what is masked in them is masked by their own names. */
export function storedColumn(relation: number, attnum: number): Source {
  const column = plainColumn(`${relation}.${attnum}`);
  return attnum === 0 ? computedFrom([column]) : column;
}

/** `ctid` and its like are exactly themselves, and nothing that a mask rule can name. */
export function systemColumn(relation: number, attnum: number): Source {
  const column = plainColumn(`${relation}.${attnum}`);
  return { ...onlyPermitted(column), plain: column.plain };
}

/** Storing a part of a column reads the rest of it, which goes nowhere new. */
export function without(source: Source, key: ColumnKey): Source {
  return { ...source, required: new Set([...source.required].filter((one) => one !== key)) };
}

export function outputEntries(query: TreeNode): readonly TreeNode[] {
  const field = numberIn(query, 'commandType') === SELECT ? 'targetList' : 'returningList';
  return nodesIn(query, field).filter((entry) => !flagIn(entry, 'resjunk'));
}

export function allEntries(query: TreeNode): readonly TreeNode[] {
  const onConflict = nodeIn(query, 'onConflict');
  return [
    ...nodesIn(query, 'targetList'),
    ...(onConflict === null ? [] : nodesIn(onConflict, 'onConflictSet')),
    ...nodesIn(query, 'mergeActionList').flatMap((action) => nodesIn(action, 'targetList')),
  ];
}

/** The same type, and nobody asked for it. */
export function dropsModifier(relabel: TreeNode): boolean {
  const argument = nodeIn(relabel, 'arg');
  if (argument?.tag !== 'VAR' || numberIn(relabel, 'relabelformat') !== IMPLICIT_CAST) return false;
  return numberIn(argument, 'vartype') === numberIn(relabel, 'resulttype');
}
