/** What a judgement says of one text, and how its parts are read off the statements. */
import type { StatementFacts } from '../audit/event.ts';
import type { Snapshot } from '../catalog/snapshot.ts';
import type { Judgement, MaskScope, StatementJudgement } from '../policy/judgement.ts';
import type { MaskSet } from '../policy/mask-set.ts';
import type { OutputShows } from '../policy/outputs.ts';
import type { ShownColumn } from '../policy/shown.ts';
import type { Analysis, Statement } from '../sql/statement.ts';

/** What is known about one text under one set of rules and one catalog. */
export type Judged = {
  readonly text: string;
  /** Null where the text could be read. */
  readonly unreadable: Extract<Analysis, { kind: 'unreadable' }> | null;
  /** Empty when the text could not be read. */
  readonly statements: readonly Statement[];
  readonly judgement: Judgement;
  /** The widest scope of its statements; `opaque` when it could not be read. */
  readonly scope: MaskScope;
  readonly masks: MaskSet;
  readonly snapshot: Snapshot;
  readonly rulesVersion: string;
  /** Names the catalog did not know. */
  readonly unknownRelations: readonly string[];
  /** Everything the trail says of it, without the session. */
  readonly facts: Omit<StatementFacts, 'session_id'>;
  /** It runs DDL or code, so what the catalog said may be untrue once it has run. */
  readonly changesCatalog: boolean;
  /** It runs DDL or code that may change what names mean that are known already. */
  readonly redefines: boolean;
  /**
   * What its changes of the catalog may decide: nothing that is known by now, at most verdicts and other agents'
   * masks, or masks of this agent.
   */
  readonly alters: 'unknown' | 'others' | 'masks';
  /** It runs code nobody vouched for, which may change prepared statements and cursors. */
  readonly runsCode: boolean;
  /** It reads what a definition of somebody's making gives, so that another definition may show other columns. */
  readonly bendable: boolean;
  /** People's code computes its rows, so that another definition may show other values in the middle of an answer. */
  readonly callsCode: boolean;
  /** Some statement stores what it reads by names. */
  readonly storesByName: boolean;
  /** Some statement names a prepared statement or cursor, so the verdict depends on the session. */
  readonly refersToNames: boolean;
  /** No statement touches names, settings, the catalog or COPY, and every relation is known. */
  readonly plain: boolean;
  /** Some statement may give only so many rows before somebody is asked. */
  readonly rowLimited: boolean;
  /** Masked columns that this one execution shows, once approved. Absent: none. */
  readonly shown?: readonly ShownColumn[];
  /** What time-boxed grants would show of it; all else is as without them. Absent: nothing. */
  readonly granted?: Granted;
};

/** A text read with granted columns unmasked, beside its judgement, which is made as if they were not. */
export type Granted = {
  readonly columns: readonly ShownColumn[];
  /** The masks without these columns, and what they leave in its reach. */
  readonly masks: MaskSet;
  readonly scope: MaskScope;
  readonly outputs: OutputShows;
  /** How many masked columns it still has in reach. */
  readonly reach: number;
  /** Whether somebody asking to see these columns in this statement would be denied. */
  readonly denied: boolean;
  /** Rules that would be asked about showing these columns in this statement. */
  readonly rules: readonly string[];
};

const SCOPE_ORDER: readonly MaskScope[] = ['clean', 'touched', 'opaque'];

/** The wider of two scopes. */
export function widest(a: MaskScope, b: MaskScope): MaskScope {
  return SCOPE_ORDER.indexOf(a) >= SCOPE_ORDER.indexOf(b) ? a : b;
}

export const NAMING: ReadonlySet<string> = new Set(['prepare', 'execute', 'declare', 'fetch']);
const PLAIN_EFFECTS: ReadonlySet<string> = new Set(['none', 'transaction']);

export function isPlain(statement: Statement, judged: StatementJudgement | undefined): boolean {
  return (
    PLAIN_EFFECTS.has(statement.effect.kind) &&
    statement.settings.length === 0 &&
    judged !== undefined &&
    judged.unknownRelations.length === 0 &&
    !changesCatalog(statement, judged)
  );
}

const CATALOG_ACTIONS: ReadonlySet<string> = new Set(['ddl', 'code', 'privilege', 'unknown']);

export function changesCatalog(statement: Statement, judged: StatementJudgement | undefined): boolean {
  return judged?.callsVolatile === true || statement.actions.some((a) => CATALOG_ACTIONS.has(a.action));
}

export const CODE_COMMANDS: ReadonlySet<string> = new Set(['do', 'call']);

export function scopeOf(analysis: Analysis, judgement: Judgement): MaskScope {
  if (analysis.kind !== 'parsed') return 'opaque';
  return judgement.statements.reduce<MaskScope>((scope, s) => widest(scope, s.scope), 'clean');
}
