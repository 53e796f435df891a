/**
 * Which functions of people's own are vouched for under a set of masks: what such a function gives comes from its
 * arguments and from relations without masks, and it stores, sends and locks nothing.
 *
 * Invariant: a function is vouched for only if all of it was read, nothing it reads is masked, and everything it
 * calls is vouched for, by name: every function that a name may stand for. It starts from all that could be and
 * takes away until nothing changes, so it ends, and functions that call each other stand or fall together.
 * What the rules vouch for is not read.
 * Non-goals: where values flow inside a function, and what a function that changed since was (a new snapshot).
 */
import {
  qualified,
  resolve,
  type CatalogFunction,
  type FunctionName,
  type Snapshot,
  type TrustedFunction,
} from '../catalog/snapshot.ts';
import { withUserCode } from '../catalog/user-code.ts';
import { dangerOf } from '../sql/dangerous.ts';
import { readCheck } from '../sql/function-body.ts';
import { COLUMNS_OF_FUNCTIONS } from '../sql/lineage/row-functions.ts';
import { FIRST_GENERATED_OID } from '../sql/lineage/limits.ts';
import type { Statement } from '../sql/statement.ts';
import { reachOf } from './family.ts';
import { readFunction, type FunctionReading } from './function-reading.ts';
import type { MaskSet } from './mask-set.ts';
import { isSystemSchema, matchesName, matchesRelation } from './patterns.ts';
import { readsUnseen } from './reading-functions.ts';
import type { FunctionPattern, RuleCondition, RuleSet } from './rules.ts';
import { reachOfStatement } from './scope.ts';

/** The snapshot under these masks; itself where there is nothing to hide or nothing to vouch for. */
export function trustFunctions(snapshot: Snapshot, masks: MaskSet, rules: RuleSet): Snapshot {
  if (!masks.present || snapshot.code === undefined || snapshot.code.functions.size === 0) return snapshot;
  return new Vouching(snapshot, masks, rules).settle();
}

/** Patterns of `trust` that no function matches: most often a misspelled name. */
export function unmatchedTrust(rules: RuleSet, snapshot: Snapshot): readonly FunctionPattern[] {
  const functions = [...(snapshot.code?.functions.values() ?? [])];
  return (rules.trust?.functions ?? []).filter((one) => !functions.some((f) => matchesFunction(one, f)));
}

function matchesFunction(pattern: FunctionPattern, { schema, name }: FunctionName): boolean {
  if (isSystemSchema(schema)) return false;
  return matchesName(pattern.schema, schema) && matchesName(pattern.name, name);
}

/** Names whose calls lineage counts or takes apart in the way of PostgreSQL's own. */
const OWN_SHAPE: ReadonlySet<string> = new Set([
  ...COLUMNS_OF_FUNCTIONS.keys(),
  'count',
  'unnest',
  'ts_rewrite',
]);

/** What is known of a function: `null` as its reading is the rules' word. */
type Standing = { readonly one: CatalogFunction; readonly reading: FunctionReading | null };
type Facts = { readonly reads: Set<number>; raises: boolean };

class Vouching {
  readonly #snapshot: Snapshot;
  readonly #code: NonNullable<Snapshot['code']>;
  readonly #masks: MaskSet;
  /** Relations that rules are about: a call would be a way around them. */
  readonly #ruled: NonNullable<RuleCondition['relation']>;
  readonly #standing = new Map<number, Standing>();
  readonly #byName = new Map<string, number[]>();
  readonly #maskedRelations = new Set<string>();
  readonly #maskedColumns = new Set<string>();

  constructor(snapshot: Snapshot, masks: MaskSet, rules: RuleSet) {
    this.#snapshot = snapshot;
    this.#masks = masks;
    this.#ruled = rules.rules.flatMap(({ when }) => when.relation ?? []);
    const patterns = rules.trust?.functions ?? [];
    this.#code = snapshot.code ?? { functions: new Map(), operators: [], types: [], relations: [] };
    for (const one of this.#code.functions.values()) {
      for (const key of keysOf(one)) {
        const same = this.#byName.get(key);
        if (same === undefined) this.#byName.set(key, [one.oid]);
        else same.push(one.oid);
      }
      const byRule = patterns.some((pattern) => matchesFunction(pattern, one));
      const reading = byRule ? null : readFunction(one);
      if (byRule || reading !== null) this.#standing.set(one.oid, { one, reading });
    }
    this.#nameMasked();
  }

  settle(): Snapshot {
    for (;;) {
      const view = this.#view();
      const fallen = [...this.#standing.values()].filter((standing) => !this.#holds(standing, view));
      if (fallen.length === 0) return view;
      for (const { one } of fallen) this.#standing.delete(one.oid);
    }
  }

  #nameMasked(): void {
    for (const [oid, columns] of this.#masks.columns) {
      const relation = this.#snapshot.relations.get(oid);
      if (relation === undefined || isSystemSchema(relation.schema)) continue;
      this.#maskedRelations.add(relation.name.toLowerCase());
      for (const { attnum, name } of relation.columns)
        if (columns.has(attnum)) this.#maskedColumns.add(name.toLowerCase());
    }
  }

  /** The snapshot if all that stand now are vouched for. */
  #view(): Snapshot {
    const facts = this.#facts();
    const trusted = this.#trusted(facts);
    // who names no function cannot be told that it raises
    const silent = (oid: number): boolean => facts.get(oid)?.raises === false;
    const relations = this.#code.relations.filter(({ by }) => !silent(by));
    const same = relations.length === this.#code.relations.length;
    const view = {
      ...this.#snapshot,
      trusted,
      relations: same ? this.#snapshot.relations : withUserCode(this.#snapshot.relations, relations),
      userOperators: this.#operators(silent),
    };
    return { ...view, userTypes: this.#types(view, silent) };
  }

  /** What each that stands reads and may raise, with all that it calls. */
  #facts(): ReadonlyMap<number, Facts> {
    const facts = new Map<number, Facts>();
    const callees = new Map<number, ReadonlySet<number>>();
    for (const [oid, { reading }] of this.#standing) {
      const reads = new Set<number>();
      for (const { relations } of reading?.statements ?? [])
        for (const ref of relations) for (const one of resolve(this.#snapshot, ref)) reads.add(one.oid);
      facts.set(oid, { reads, raises: reading?.raises ?? false });
      callees.set(oid, this.#callees(reading));
    }
    for (let changed = true; changed;) {
      changed = false;
      for (const [oid, own] of facts) {
        for (const callee of callees.get(oid) ?? []) {
          const theirs = facts.get(callee);
          if (theirs === undefined) continue;
          const before = own.reads.size;
          for (const relation of theirs.reads) own.reads.add(relation);
          if (own.reads.size > before || (theirs.raises && !own.raises)) changed = true;
          own.raises ||= theirs.raises;
        }
      }
    }
    return facts;
  }

  #callees(reading: FunctionReading | null): ReadonlySet<number> {
    const called = new Set(reading?.parts.map(({ oid }) => oid));
    for (const { functions, mentions } of reading?.statements ?? []) {
      for (const { schema, name } of functions) this.#addNamed(qualified(schema, name), called);
      for (const name of mentions.columns) this.#addNamed(name, called);
    }
    return called;
  }

  #addNamed(key: string, called: Set<number>): void {
    for (const oid of this.#byName.get(key) ?? []) called.add(oid);
  }

  #trusted(facts: ReadonlyMap<number, Facts>): ReadonlyMap<string, TrustedFunction> {
    const trusted = new Map<string, TrustedFunction>();
    for (const [key, oids] of this.#byName) {
      const all = oids.map((oid) => facts.get(oid));
      const { name } = this.#code.functions.get(oids[0] ?? 0) ?? { name: '' };
      if (OWN_SHAPE.has(name) || readsUnseen(name) || dangerOf(null, name) !== null) continue;
      if (!all.every((one) => one !== undefined)) continue;
      const reads = [...new Set(all.flatMap((one) => [...one.reads]))];
      trusted.set(key, { reads, raises: all.some((one) => one.raises) });
    }
    return trusted;
  }

  #operators(silent: (oid: number) => boolean): ReadonlySet<string> {
    const listed = this.#snapshot.userOperators;
    const unseen = new Set<string>();
    const known = new Set<string>();
    for (const { name, by } of this.#code.operators) {
      known.add(name);
      // compiled code that is no extension's is the administrator's: it was never listed
      const counts = listed.has(name) || (by !== null && !this.#code.functions.has(by.oid));
      if (by !== null && counts && !this.#only(by, silent)) unseen.add(name);
    }
    for (const name of listed) if (!known.has(name)) unseen.add(name);
    return unseen;
  }

  #types(view: Snapshot, silent: (oid: number) => boolean): ReadonlySet<string> {
    const unseen = new Set<string>();
    for (const { type, by, check } of this.#code.types) {
      if (!this.#snapshot.userTypes.has(type) || unseen.has(type)) continue;
      const statements = check === null ? [] : readCheck(check);
      const fine = check === null ? by !== null && this.#only(by, silent) : this.#allClean(statements, view);
      if (!fine) unseen.add(type);
    }
    return unseen;
  }

  /** Whether a function only computes, one of PostgreSQL's own or not. */
  #only(by: FunctionName, silent: (oid: number) => boolean): boolean {
    if (this.#code.functions.has(by.oid)) return silent(by.oid);
    return !readsUnseen(by.name) && dangerOf(by.schema, by.name) === null;
  }

  #holds({ one, reading }: Standing, view: Snapshot): boolean {
    if (reading === null) return true;
    return (
      this.#allClean(reading.statements, view) &&
      reading.parts.every((part) => this.#only(part, (oid) => this.#standing.has(oid))) &&
      one.types.every((type) => !view.userTypes.has(type)) &&
      reading.columnTypes.every((type) => this.#isPlainType(type)) &&
      this.#wordsAreClean(reading.words, view) &&
      (!one.isTrigger || this.#isPlainTrigger(reading))
    );
  }

  #allClean(statements: readonly Statement[] | null, view: Snapshot): boolean {
    if (statements === null) return false;
    return statements.every((statement) => {
      const { judgement, callsUnseen } = reachOfStatement(statement, view, this.#masks);
      if (judgement.scope !== 'clean' || callsUnseen || judgement.unknownRelations.length > 0) return false;
      return this.#ruled.length === 0 || !judgement.relationOids.some((oid) => this.#isRuled(oid));
    });
  }

  #isRuled(oid: number): boolean {
    return [...reachOf(this.#snapshot, oid)].some((one) => {
      const relation = this.#snapshot.relations.get(one);
      return relation === undefined || this.#ruled.some((pattern) => matchesRelation(pattern, relation));
    });
  }

  /** The second witness: what a tree might have left out still stands in the text. */
  #wordsAreClean(words: ReadonlySet<string>, view: Snapshot): boolean {
    for (const word of words) {
      if (this.#maskedRelations.has(word) || readsUnseen(word)) return false;
      if (this.#byName.has(word) && view.trusted?.has(word) !== true) return false;
    }
    return true;
  }

  /** `orders.total%TYPE`: a column of one of PostgreSQL's types brings no code with it. */
  #isPlainType(written: string): boolean {
    const names = written.slice(0, written.lastIndexOf('%')).toLowerCase().split('.');
    const ofRow = /%rowtype/i.test(written);
    const name = ofRow ? names.at(-1) : names.at(-2);
    const found = resolve(this.#snapshot, { schema: null, name: name ?? '' });
    return (
      found.length > 0 &&
      found.every(({ columns }) =>
        columns.every(
          (column) =>
            column.typeOid < FIRST_GENERATED_OID || (!ofRow && column.name.toLowerCase() !== names.at(-1)),
        ),
      )
    );
  }

  /** It reads no relation, ends in no error of its own, and touches no column of a masked column's name. */
  #isPlainTrigger({ statements, raises, aliases, words }: FunctionReading): boolean {
    if (raises || aliases) return false;
    for (const word of words) if (this.#maskedColumns.has(word)) return false;
    return statements.every(
      ({ relations, mentions }) =>
        relations.length === 0 &&
        !mentions.star &&
        // the whole row, as in `row_to_json(new)`
        !mentions.columns.has('new') &&
        !mentions.columns.has('old'),
    );
  }
}

function keysOf({ schema, name }: FunctionName): readonly string[] {
  return [name, qualified(schema, name)];
}
