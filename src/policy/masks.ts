/**
 * From mask rules to masked columns of one database, for one agent.
 *
 * Invariant: a column through which a masked column's value can be read as stored (itself, the same column
 * of ancestors and descendants, generated columns, columns of views) is masked at least as the rules say;
 * where two rules meet, the one that leaves less wins, so neither order nor number of rules can weaken it.
 * Non-goals: what a statement computes (scope.ts), and how a value is masked (masking/).
 */
import type { CatalogRelation, Snapshot } from '../catalog/snapshot.ts';
import { ancestorsOf, canHoldRows, isView, kinOf, readsOf } from './family.ts';
import { lineageOfView } from '../sql/lineage/follow.ts';
import { isAnything, type OutputLineage } from '../sql/lineage/lineage.ts';
import type { AgentIdentity } from './judgement.ts';
import type { ColumnMask, MaskSet } from './mask-set.ts';
import { combined, compareMasks, describeFunction } from './mask-strength.ts';
import { originsOf } from './origins.ts';
import { isSystemSchema, matchesName, matchesRelation } from './patterns.ts';
import type { MaskFunction, MaskRule, RuleSet } from './rules.ts';
import type { ShownColumn } from './shown.ts';
import { BUILT_IN, systemMaskedColumns } from './system-masks.ts';
import { trustFunctions } from './trusted-functions.ts';
import { rememberView, trustingView } from './trusting-view.ts';

const remembered = new WeakMap<Snapshot, WeakMap<RuleSet, Map<string, MaskSet>>>();

/**
 * The columns masked for an agent. Depends only on which rules do not apply to it, so agents of one
 * audience share a set; sets are remembered as long as both snapshot and rules live.
 * @param shown columns that no rule masks for once; such a set is made anew each time
 */
export function compileMasks(
  rules: RuleSet,
  snapshot: Snapshot,
  agent: AgentIdentity,
  shown: readonly ShownColumn[] = [],
): MaskSet {
  const applying = rules.masks.map((rule) => !seesThrough(rule, agent));
  const key = applying.map(Number).join('');
  let byRules = remembered.get(snapshot);
  if (byRules === undefined) remembered.set(snapshot, (byRules = new WeakMap()));
  let byKey = byRules.get(rules);
  if (byKey === undefined) byRules.set(rules, (byKey = new Map()));
  let set = byKey.get(key);
  if (set === undefined) {
    const masks = rules.masks.filter((_, index) => applying[index]);
    byKey.set(key, (set = compileTrusting(masks, rules, snapshot)));
  }
  if (shown.length === 0) return set;
  // What is vouched for while all is masked reads nothing masked, so it may be while less is.
  const view = trustingView(snapshot, set);
  const left = new Compiler(view, shown).compile(rules.masks.filter((_, index) => applying[index]));
  if (view !== snapshot) rememberView(left, snapshot, view);
  return left;
}

/**
 * What functions are vouched for depends on what is masked, and whether views that call functions are masked on
 * what is vouched for: first with none vouched for, which masks the most, and then once more with those.
 */
function compileTrusting(masks: readonly MaskRule[], rules: RuleSet, snapshot: Snapshot): MaskSet {
  const most = new Compiler(snapshot).compile(masks);
  const view = trustFunctions(snapshot, most, rules);
  if (view === snapshot) return most;
  const set = new Compiler(view).compile(masks);
  rememberView(set, snapshot, view);
  return set;
}

/** Exact names only: a pattern here would show more than was meant. */
function seesThrough(rule: MaskRule, agent: AgentIdentity): boolean {
  return (
    rule.visibleTo.agents.includes(agent.name) ||
    rule.visibleTo.groups.some((group) => agent.groups.includes(group))
  );
}

const SAFE_DEFAULT: MaskFunction = { kind: 'null' };

type Entry = ColumnMask & { readonly why: string };
type Columns = ReadonlyMap<number, ReadonlyMap<number, Entry>>;

const UNVOUCHED_VIEW: Entry = {
  rule: BUILT_IN,
  with: SAFE_DEFAULT,
  derived: true,
  searchable: [],
  why: "the view calls functions nobody vouched for: the type's safe default",
};

class Compiler {
  readonly #snapshot: Snapshot;
  readonly #columns = new Map<number, Map<number, Entry>>();
  /** What no rule masks, by name or by inheritance; what masked columns make of it still does. */
  readonly #shown: ReadonlySet<string>;
  #byRule = false;

  constructor(snapshot: Snapshot, shown: readonly ShownColumn[] = []) {
    this.#snapshot = snapshot;
    this.#shown = new Set(shown.map(({ relation, attnum }) => `${relation}.${attnum}`));
  }

  compile(rules: readonly MaskRule[]): MaskSet {
    const named = this.#fromRules(rules);
    for (const relation of this.#snapshot.relations.values()) this.#fromSystem(relation);
    for (const [oid, columns] of named)
      for (const [attnum, entry] of columns) this.#spread(oid, attnum, entry, kinOf(this.#snapshot, oid));
    this.#rowTyped();
    this.#generated();
    this.#views(named);
    const columns = this.#columns;
    return {
      columns,
      any: rules.length > 0,
      present: this.#byRule || (rules.length > 0 && this.#snapshot.relations.size === 0),
      describe: (oid, attnum) => columns.get(oid)?.get(attnum)?.why ?? 'not masked',
    };
  }

  /** Columns that rules name, the strictest rule for each. */
  #fromRules(rules: readonly MaskRule[]): ReadonlyMap<number, ReadonlyMap<number, Entry>> {
    const named = new Map<number, Map<number, Entry>>();
    for (const relation of this.#snapshot.relations.values()) {
      if (!canHoldRows(relation)) continue;
      const columns = new Map<number, Entry>();
      for (const rule of rules) {
        const patterns = rule.columns.filter((pattern) => matchesRelation(pattern, relation));
        if (patterns.length === 0) continue;
        for (const column of relation.columns) {
          if (!patterns.some((pattern) => matchesName(pattern.column, column.name))) continue;
          const why = `mask rule "${rule.name}": ${describeFunction(rule.with)}`;
          // combined with itself it is in one order, however it was written
          const mask = combined(rule.with, rule.with);
          const { name, searchable } = rule;
          const entry = { rule: name, with: mask, derived: false, searchable, why };
          columns.set(column.attnum, stricter(columns.get(column.attnum), entry));
          this.#byRule = true;
        }
      }
      if (columns.size > 0) named.set(relation.oid, columns);
    }
    return named;
  }

  #fromSystem(relation: CatalogRelation): void {
    for (const name of systemMaskedColumns(relation)) {
      const column = relation.columns.find((one) => one.name === name);
      if (column === undefined) continue;
      this.#set(relation.oid, column.attnum, {
        rule: BUILT_IN,
        with: SAFE_DEFAULT,
        derived: false,
        searchable: [],
        why: `${BUILT_IN}: ${relation.name}.${name} holds private data whatever the rules say`,
      });
    }
  }

  /** To the column itself and the one of the same name in each of the other relations. */
  #spread(oid: number, attnum: number, entry: Entry, others: ReadonlySet<number>): void {
    const relation = this.#snapshot.relations.get(oid);
    const name = relation?.columns.find((column) => column.attnum === attnum)?.name;
    this.#setUnlessShown(oid, attnum, entry);
    if (relation === undefined || name === undefined) return;
    for (const kin of others) {
      const column = this.#snapshot.relations.get(kin)?.columns.find((one) => one.name === name);
      if (column === undefined) continue;
      this.#setUnlessShown(kin, column.attnum, {
        ...entry,
        why: `${entry.why}, by inheritance with ${relation.schema}.${relation.name}`,
      });
    }
  }

  /** Columns that hold rows of a relation with masked columns, or arrays of them. */
  #rowTyped(): void {
    const masked = new Map([...this.#columns].map(([oid, columns]) => [oid, [...columns.values()][0]]));
    for (const relation of this.#snapshot.relations.values()) {
      for (const column of relation.columns) {
        const held = column.rowsOf?.find((oid) => masked.get(oid) !== undefined);
        const source = held === undefined ? undefined : masked.get(held);
        if (held === undefined || source === undefined) continue;
        const from = this.#snapshot.relations.get(held);
        this.#set(
          relation.oid,
          column.attnum,
          derivedFrom(source, `it holds rows of ${from?.schema}.${from?.name}`),
        );
      }
    }
  }

  /** Until nothing changes: what is derived spreads, and may reach what another is computed from. */
  #generated(): void {
    for (let changed = true; changed;) {
      changed = false;
      for (const relation of this.#snapshot.relations.values()) {
        for (const column of relation.columns) {
          if (column.generatedFrom === null) continue;
          const masks = this.#columns.get(relation.oid);
          // a rule that names the generated column does not loosen what its source demands
          if (masks === undefined || masks.get(column.attnum)?.with.kind === SAFE_DEFAULT.kind) continue;
          const source = column.generatedFrom
            .map((attnum) => masks.get(attnum))
            .find((one) => one !== undefined);
          if (source === undefined) continue;
          const entry = derivedFrom(source, 'computed from a masked column');
          // upwards only: a descendant computes its own column from its own columns
          this.#spread(relation.oid, column.attnum, entry, ancestorsOf(this.#snapshot, relation.oid));
          changed = true;
        }
      }
    }
  }

  /** Columns of views by what they are computed from, but for those a rule names itself. */
  #views(named: ReadonlyMap<number, ReadonlyMap<number, Entry>>): void {
    // what one view's columns were given must not depend on which was looked at first
    const before = new Map([...this.#columns].map(([oid, columns]) => [oid, new Map(columns)]));
    for (const view of this.#snapshot.relations.values()) {
      if (!isView(view) || isSystemSchema(view.schema)) continue;
      const whole = this.#viewEntry(view, before);
      if (whole === null) continue;
      const lineage = lineageOfView(view, this.#snapshot);
      for (const [index, column] of view.columns.entries()) {
        if (named.get(view.oid)?.has(column.attnum) === true) continue;
        const from = lineage?.[index];
        const entry = from === undefined ? whole : this.#columnEntry(view, from, before);
        if (entry !== null) this.#set(view.oid, column.attnum, entry);
      }
    }
  }

  /** Null where no masked column went into it. */
  #columnEntry(view: CatalogRelation, from: OutputLineage, before: Columns): Entry | null {
    const columns = originsOf(from).filter(({ relation }) => relation !== view.oid);
    if (columns.some(isAnything)) return this.#byRule ? UNVOUCHED_VIEW : null;
    const sources = columns.flatMap(({ relation, attnum }) => {
      const masks = before.get(relation);
      const found = attnum === 0 ? masks?.values().next().value : masks?.get(attnum);
      return found === undefined ? [] : [{ relation, attnum, entry: found }];
    });
    const [first] = sources;
    if (first === undefined) return null;
    const source = this.#snapshot.relations.get(first.relation);
    const name = source?.columns.find((column) => column.attnum === first.attnum)?.name ?? '*';
    const written = `${source?.schema}.${source?.name}.${name}`;
    if (from.kind !== 'direct') return derivedFrom(first.entry, `computed from ${written}`);
    const entry = sources.reduce<Entry>((worst, one) => stricter(worst, one.entry), first.entry);
    return { ...entry, why: `${entry.why}, of ${written}` };
  }

  /** What its columns get where nothing better is known; null where it reads nothing masked. */
  #viewEntry(view: CatalogRelation, before: Columns): Entry | null {
    const reads = [...readsOf(this.#snapshot, view.oid)];
    const sourceOid = reads.find((oid) => oid !== view.oid && before.get(oid) !== undefined);
    const source = sourceOid === undefined ? undefined : before.get(sourceOid)?.values().next().value;
    if (sourceOid !== undefined && source !== undefined) {
      const from = this.#snapshot.relations.get(sourceOid);
      return derivedFrom(source, `the view reads ${from?.schema}.${from?.name}, which has masked columns`);
    }
    // what its functions read is not known, and there is something to read
    if (!this.#byRule || !reads.some((oid) => this.#snapshot.relations.get(oid)?.userCode?.onRead === true))
      return null;
    return UNVOUCHED_VIEW;
  }

  #setUnlessShown(oid: number, attnum: number, entry: Entry): void {
    if (!this.#shown.has(`${oid}.${attnum}`)) this.#set(oid, attnum, entry);
  }

  #set(oid: number, attnum: number, entry: Entry): void {
    let columns = this.#columns.get(oid);
    if (columns === undefined) this.#columns.set(oid, (columns = new Map()));
    columns.set(attnum, stricter(columns.get(attnum), entry));
  }
}

function derivedFrom(source: Entry, how: string): Entry {
  return {
    rule: source.rule,
    with: SAFE_DEFAULT,
    derived: true,
    searchable: [],
    why: `${how} (${source.rule}): the type's safe default`,
  };
}

/**
 * Derived masks keep nothing, as `null` does; of equals the first stays, so that names are stable. Where two
 * rules hide different parts, the entry is the first's with the parts of both.
 */
function stricter(a: Entry | undefined, b: Entry): Entry {
  if (a === undefined || a === b) return b;
  const searchable = a.searchable.filter((one) => b.searchable.includes(one));
  return { ...stricterMask(a, b), searchable };
}

function stricterMask(a: Entry, b: Entry): Entry {
  const mask = combined(a.with, b.with);
  if (mask === b.with || compareMasks(mask, b.with) === 0) return compareMasks(b.with, a.with) < 0 ? b : a;
  if (mask === a.with || compareMasks(mask, a.with) === 0) return a;
  return { ...a, with: mask, why: `${a.why}, with ${b.why}` };
}
