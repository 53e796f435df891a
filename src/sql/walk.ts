/**
 * One walk over a raw parse tree, with a rule for every node: the grammar says where the children are, a
 * visit adds what is special about a node, an act says what a statement does.
 *
 * Invariant: every sub-tree is visited, or a visit skips it knowingly; an unknown tag or field ends the walk
 * with `Unreadable`. Non-goal: types, names' resolution, anything that needs a catalog.
 */
import { GRAMMAR, type NodeFields } from './grammar.ts';
import { type Reading, Unreadable } from './reading.ts';
import type { Body, BodyOf, Node, Tag } from './tree.ts';

/** CTE names in reach, innermost first. */
export type Scope = { readonly names: ReadonlySet<string>; readonly outer: Scope | null } | null;

/** Takes over the walk below a node of one tag. */
export type Visit<K extends Tag> = (body: BodyOf<K>, reading: Reading, scope: Scope, walk: Walk) => void;
/** Says what a statement of one tag does. */
export type Act<K extends Tag> = (body: BodyOf<K>, reading: Reading) => void;

export type Visits = { readonly [K in Tag]?: Visit<K> };
export type Acts = { readonly [K in Tag]?: Act<K> };

type NodeRule = {
  readonly fields: NodeFields;
  readonly visit: Visit<Tag> | undefined;
  readonly act: Act<Tag> | undefined;
};

export type Walk = {
  /** A tagged node, which may be missing. */
  node(node: Node | undefined, reading: Reading, scope: Scope): void;
  list(nodes: readonly Node[] | undefined, reading: Reading, scope: Scope): void;
  /** A body whose tag is implied by the field it is in. */
  inline(tag: Tag, body: object | undefined, reading: Reading, scope: Scope): void;
  /** The children of a body, but for the fields named. */
  children(tag: Tag, body: object, reading: Reading, scope: Scope, ...except: string[]): void;
  hasAct(tag: string): boolean;
};

export function createWalk(visits: Visits, acts: Acts): Walk {
  const rules = new Map<string, NodeRule>();
  for (const [tag, known] of GRAMMAR) {
    rules.set(tag, {
      fields: known,
      visit: visits[tag as Tag],
      act: acts[tag as Tag],
    });
  }

  function tagged(tag: string, body: Body, reading: Reading, scope: Scope): void {
    const rule = rules.get(tag);
    if (rule === undefined) throw new Unreadable(`it holds ${tag}, which nobody gave a rule`, false);
    reading.enter();
    if (rule.act !== undefined && reading.dormant === 0) rule.act(body as never, reading);
    if (rule.visit === undefined) fields(tag, rule.fields, body, reading, scope, null);
    else rule.visit(body as never, reading, scope, walk);
    reading.leave();
  }

  function fields(
    tag: string,
    known: NodeFields,
    body: Body,
    reading: Reading,
    scope: Scope,
    except: readonly string[] | null,
  ): void {
    for (const key in body) {
      const field = known.get(key);
      if (field === undefined)
        throw new Unreadable(`it holds ${tag}.${key}, which nobody gave a rule`, false);
      if (field.kind === 'scalar' || (except !== null && except.includes(key))) continue;
      const value = body[key];
      if (field.kind === 'node') wrapped(value as Body, reading, scope);
      else if (field.kind === 'list') items(value as Body[], field.target, reading, scope);
      else if (field.target) target(value as BodyOf<'RangeVar'>, reading);
      else tagged(field.tag, value as Body, reading, scope);
    }
  }

  function items(values: readonly Body[], isTarget: boolean, reading: Reading, scope: Scope): void {
    for (const value of values) {
      const relation = isTarget ? value['RangeVar'] : undefined;
      if (relation === undefined) wrapped(value, reading, scope);
      else target(relation as BodyOf<'RangeVar'>, reading);
    }
  }

  function wrapped(node: Body, reading: Reading, scope: Scope): void {
    for (const tag in node) tagged(tag, node[tag] as Body, reading, scope);
  }

  const walk: Walk = {
    node(node, reading, scope) {
      if (node !== undefined) wrapped(node, reading, scope);
    },
    list(nodes, reading, scope) {
      if (nodes !== undefined) for (const node of nodes) wrapped(node, reading, scope);
    },
    inline(tag, body, reading, scope) {
      if (body !== undefined) tagged(tag, body as Body, reading, scope);
    },
    children(tag, body, reading, scope, ...except) {
      fields(tag, rules.get(tag)?.fields ?? new Map(), body as Body, reading, scope, except);
    },
    hasAct: (tag) => rules.get(tag)?.act !== undefined,
  };
  return walk;
}

/** The object of a command: a relation that is written or changed, and that no CTE can stand for. */
export function target(relation: BodyOf<'RangeVar'>, reading: Reading): void {
  const name = relation.relname ?? '';
  reading.relation(relation.schemaname ?? null, name, 'write');
  reading.range(relation.alias?.aliasname ?? name);
  if (relation.alias?.colnames !== undefined) reading.star = reading.renamed = true;
}
