/**
 * Judges texts for one agent on one database, and remembers the answers.
 *
 * A judgement depends on the text, the rules, the catalog, the agent, and whether a transaction is open;
 * the cache is emptied whenever rules or catalog change, so a stale verdict cannot be served. Reading and
 * judging happen once per distinct text; a text seen before costs one map lookup.
 */
import type { Snapshot } from '../catalog/snapshot.ts';
import { callsCode, isBendable, redefines } from '../policy/bendable.ts';
import { addsUnknownOnly, dependsOnCatalog, mayShowBuiltIns } from '../policy/catalog-need.ts';
import { judge, storesByName } from '../policy/judge.ts';
import type { AgentIdentity, Judgement } from '../policy/judgement.ts';
import { compileMasks } from '../policy/masks.ts';
import type { MaskSet } from '../policy/mask-set.ts';
import { rowLimitsForUnknown, type RowLimit } from '../policy/row-limits.ts';
import type { RuleSet } from '../policy/rules.ts';
import type { ShownColumn } from '../policy/shown.ts';
import { analyze } from '../sql/analyze.ts';
import { shapeOf } from '../sql/shape.ts';
import type { Analysis, Statement } from '../sql/statement.ts';
import {
  changesCatalog,
  CODE_COMMANDS,
  isPlain,
  NAMING,
  scopeOf,
  type Granted,
  type Judged,
} from './judged.ts';
import { Shapes } from './shapes.ts';

export { widest, type Granted, type Judged } from './judged.ts';

/** Where the rules and the catalog in force come from; both change under a running session. */
export type Sources = { readonly rules: () => RuleSet; readonly snapshot: () => Snapshot };

export type JudgeLimits = { readonly maxStatementBytes: number; readonly statementCacheEntries: number };

export class Judge {
  readonly agent: AgentIdentity;
  readonly database: string;
  readonly environment: string;
  readonly #sources: Sources;
  readonly #limits: JudgeLimits;
  #rules: RuleSet;
  #snapshot: Snapshot;
  #masks: MaskSet;
  #outside = new Map<string, Judged>();
  #inside = new Map<string, Judged>();
  #shapesOutside: Shapes;
  #shapesInside: Shapes;
  /** Of the columns granted last, by text and whether a transaction is open. */
  #granted: { readonly key: string; readonly known: Map<string, Judged> } = NOTHING_GRANTED;

  constructor(
    agent: AgentIdentity,
    where: { readonly database: string; readonly environment: string },
    sources: Sources,
    limits: JudgeLimits,
  ) {
    this.agent = agent;
    this.database = where.database;
    this.environment = where.environment;
    this.#sources = sources;
    this.#limits = limits;
    this.#rules = sources.rules();
    this.#snapshot = sources.snapshot();
    this.#masks = compileMasks(this.#rules, this.#snapshot, agent);
    this.#shapesOutside = new Shapes(limits.statementCacheEntries);
    this.#shapesInside = new Shapes(limits.statementCacheEntries);
  }

  /** The columns masked for this agent under the rules and catalog in force. */
  get masks(): MaskSet {
    this.#refresh();
    return this.#masks;
  }

  /** The rules in force; another object after each reload. */
  get rules(): RuleSet {
    this.#refresh();
    return this.#rules;
  }

  get snapshot(): Snapshot {
    this.#refresh();
    return this.#snapshot;
  }

  /** Whether what people make in the database can change a verdict or a mask of this agent. */
  get needsCatalog(): boolean {
    this.#refresh();
    return dependsOnCatalog(this.#rules, this.#masks);
  }

  /** Never throws; what cannot be read comes back with a verdict that says so. */
  judge(text: string, inTransaction: boolean): Judged {
    this.#refresh();
    const cache = inTransaction ? this.#inside : this.#outside;
    const known = cache.get(text);
    if (known !== undefined) return known;
    const judged = this.#judgeAnew(text, inTransaction);
    // A text near the limit is not worth keeping: a few would fill memory (I9).
    if (text.length <= CACHED_TEXT_LENGTH) {
      if (cache.size >= this.#limits.statementCacheEntries) evictOldest(cache);
      cache.set(text, judged);
    }
    return judged;
  }

  /**
   * As `judge`, for an execution that asks to see masked columns: the verdict under every mask and for the
   * asking, all else under the masks that are left. What it does with the columns it asks to see, to choose
   * rows by them for instance, is no further cause: whoever shows them shows that too. Not cached, for it is
   * for one execution.
   */
  judgeShowing(text: string, inTransaction: boolean, shown: readonly ShownColumn[]): Judged {
    this.#refresh();
    const left = compileMasks(this.#rules, this.#snapshot, this.agent, shown);
    const analysis = analyze(text, this.#limits);
    const read = this.#read(text, inTransaction, analysis, left);
    const where = { database: this.database, environment: this.environment, inTransaction, unmask: shown };
    const asked = judge(analysis, this.#rules, this.#snapshot, this.#masks, this.agent, where);
    const causes = [
      ...asked.causes.filter(({ rule }) => !OF_MASKS.has(rule)),
      ...read.judgement.causes.filter(({ rule }) => OF_MASKS.has(rule)),
    ];
    const statements = read.judgement.statements.map((one, i) => {
      const { guarded = [], rowLimits = [] } = asked.statements[i] ?? {};
      return { ...one, guarded, rowLimits };
    });
    const facts = { ...read.facts, rules: causes.map((cause) => cause.rule) };
    const rowLimited = statements.some((one) => one.rowLimits.length > 0);
    return { ...read, facts, shown, rowLimited, plain: false, judgement: { ...asked, causes, statements } };
  }

  /** As `judge`, where DDL may give its names another meaning before it is over. Not cached: doubt passes. */
  judgeInDoubt(text: string, inTransaction: boolean): Judged {
    this.#refresh();
    const where = { database: this.database, environment: this.environment, inTransaction, inDoubt: true };
    const analysis = analyze(text, this.#limits);
    const judgement = judge(analysis, this.#rules, this.#snapshot, this.#masks, this.agent, where);
    const judged = this.judge(text, inTransaction);
    const facts = { ...judged.facts, rules: judgement.causes.map((cause) => cause.rule) };
    return { ...judged, judgement, facts, plain: false };
  }

  /** The limits on rows of which nobody knows where they come from. */
  rowLimitsOfUnknown(): readonly RowLimit[] {
    this.#refresh();
    const where = { database: this.database, environment: this.environment, inTransaction: false };
    return rowLimitsForUnknown(this.#rules.rules, { agent: this.agent, where, snapshot: this.#snapshot });
  }

  /**
   * As `judge`, with what grants of these columns would show of it. The verdict and all that is said of the
   * statement stay as they are without them.
   */
  judgeGranted(text: string, inTransaction: boolean, columns: readonly ShownColumn[]): Judged {
    this.#refresh();
    const key = columns.map(({ relation, attnum }) => `${relation}.${attnum}`).join(' ');
    if (this.#granted.key !== key) this.#granted = { key, known: new Map() };
    const { known } = this.#granted;
    const place = `${inTransaction ? 'T' : 'I'}${text}`;
    const found = known.get(place);
    if (found !== undefined) return found;
    const base = this.judge(text, inTransaction);
    const left = this.judgeShowing(text, inTransaction, columns);
    const ofMasks = left.judgement.causes.filter(({ rule }) => !OF_MASKS.has(rule));
    const granted: Granted = {
      columns,
      masks: left.masks,
      scope: left.scope,
      outputs: left.judgement.statements[0]?.outputs ?? null,
      reach: left.judgement.statements.reduce((sum, s) => sum + s.maskedColumns.length, 0),
      denied: left.judgement.verdict === 'deny',
      rules: ofMasks.map((cause) => cause.rule),
    };
    const judged = { ...base, plain: false, granted };
    if (known.size >= MAX_GRANTED_TEXTS) evictOldest(known);
    if (text.length <= CACHED_TEXT_LENGTH) known.set(place, judged);
    return judged;
  }

  /** What was judged before, judged under what is in force now. */
  again({ text, shown, granted }: Judged, inTransaction: boolean): Judged {
    if (granted !== undefined) return this.judgeGranted(text, inTransaction, granted.columns);
    return shown === undefined
      ? this.judge(text, inTransaction)
      : this.judgeShowing(text, inTransaction, shown);
  }

  #judgeAnew(text: string, inTransaction: boolean): Judged {
    const shape = shapeOf(text);
    if (shape === null) return this.#read(text, inTransaction, analyze(text, this.#limits));
    const shapes = inTransaction ? this.#shapesInside : this.#shapesOutside;
    const known = shapes.find(text, shape);
    if (known !== undefined) return known;
    const analysis = analyze(text, this.#limits);
    const judged = this.#read(text, inTransaction, analysis);
    shapes.keep(judged, shape, analysis.kind === 'parsed' ? analysis.trees : []);
    return judged;
  }

  #refresh(): void {
    const rules = this.#sources.rules();
    const snapshot = this.#sources.snapshot();
    if (rules === this.#rules && snapshot === this.#snapshot) return;
    this.#rules = rules;
    this.#snapshot = snapshot;
    this.#masks = compileMasks(rules, snapshot, this.agent);
    this.#outside = new Map();
    this.#inside = new Map();
    this.#shapesOutside = new Shapes(this.#limits.statementCacheEntries);
    this.#shapesInside = new Shapes(this.#limits.statementCacheEntries);
    this.#granted = NOTHING_GRANTED;
  }

  #read(text: string, inTransaction: boolean, analysis: Analysis, masks = this.#masks): Judged {
    const where = { database: this.database, environment: this.environment, inTransaction };
    const judgement = judge(analysis, this.#rules, this.#snapshot, masks, this.agent, where);
    const statements = analysis.kind === 'parsed' ? analysis.statements : [];
    const changesAny =
      statements.length === 0
        ? analysis.kind !== 'parsed'
        : statements.some((s, i) => changesCatalog(s, judgement.statements[i]));
    return {
      text,
      unreadable: analysis.kind === 'unreadable' ? analysis : null,
      statements,
      judgement,
      scope: scopeOf(analysis, judgement),
      masks,
      snapshot: this.#snapshot,
      rulesVersion: this.#rules.version,
      unknownRelations: judgement.statements.flatMap((s) => s.unknownRelations),
      facts: this.#facts(statements, judgement),
      changesCatalog: changesAny,
      alters: changesAny ? this.#alters(statements, judgement, masks) : 'unknown',
      redefines:
        statements.length === 0
          ? analysis.kind !== 'parsed'
          : statements.some((s, i) => changesCatalog(s, judgement.statements[i]) && redefines(s)),
      runsCode: statements.some(
        (s, i) => judgement.statements[i]?.callsVolatile === true || CODE_COMMANDS.has(s.command),
      ),
      bendable: analysis.kind !== 'parsed' || statements.some((s) => isBendable(s, this.#snapshot)),
      callsCode: analysis.kind !== 'parsed' || statements.some((s) => callsCode(s, this.#snapshot)),
      storesByName: analysis.kind !== 'parsed' || statements.some(storesByName),
      refersToNames: statements.some((s) => NAMING.has(s.effect.kind)),
      rowLimited: judgement.statements.some((s) => s.rowLimits.length > 0),
      plain: analysis.kind === 'parsed' && statements.every((s, i) => isPlain(s, judgement.statements[i])),
    };
  }

  #alters(statements: readonly Statement[], judgement: Judgement, masks: MaskSet): Judged['alters'] {
    const judged = statements.map((s, i) => [s, judgement.statements[i]] as const);
    const changing = judged.filter(([s, j]) => changesCatalog(s, j));
    if (changing.length > 0 && changing.every(([s, j]) => addsUnknownOnly(s, j, this.#snapshot)))
      return 'unknown';
    if (masks.any || statements.length === 0) return 'masks';
    return judged.some(([s, j]) => mayShowBuiltIns(s, j, this.#snapshot, masks)) ? 'masks' : 'others';
  }

  #facts(statements: readonly Statement[], judgement: Judgement): Judged['facts'] {
    const actions = new Set(statements.flatMap((s) => s.actions.map((a) => a.action)));
    const relations = new Set(
      judgement.statements.flatMap((s) => s.relationOids.map((oid) => this.#nameOf(oid))),
    );
    return {
      agent: this.agent.name,
      database: this.database,
      fingerprint: statements
        .map((s) => s.fingerprint)
        .join('+')
        .slice(0, MAX_FINGERPRINT_CHARS),
      actions: statements.length === 0 && judgement.causes.length > 0 ? ['unknown'] : [...actions],
      relations: [...relations],
      rules: judgement.causes.map((c) => c.rule),
    };
  }

  #nameOf(oid: number): string {
    const relation = this.#snapshot.relations.get(oid);
    return relation === undefined ? `oid ${oid}` : `${relation.schema}.${relation.name}`;
  }
}

const NOTHING_GRANTED = { key: '', known: new Map<string, Judged>() };

/** Texts kept as a grant shows them: an agent with a grant runs few. */
const MAX_GRANTED_TEXTS = 100;

/** Causes that follow from which columns are masked. They ask nobody in particular, so the terms of a hold stay. */
const OF_MASKS: ReadonlySet<string> = new Set(['defaults.influence', 'defaults.laundering']);

/** Texts longer than this are judged afresh each time, in UTF-16 units. */
const CACHED_TEXT_LENGTH = 16_384;
/** 16 hex digits a statement: enough for a message of a dozen statements to be told from another. */
const MAX_FINGERPRINT_CHARS = 200;

function evictOldest(cache: Map<string, Judged>): void {
  const oldest = cache.keys().next();
  if (oldest.done !== true) cache.delete(oldest.value);
}
