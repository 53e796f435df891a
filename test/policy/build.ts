/** Small catalogs, statements and rules for the tests of policy. */
import type { CatalogRelation, RelationKind, Snapshot } from '../../src/catalog/snapshot.ts';
import type { AgentIdentity, Where } from '../../src/policy/judgement.ts';
import { DEFAULT_VERDICTS } from '../../src/config/rules-file.ts';
import { parseColumnPattern } from '../../src/config/name-pattern.ts';
import type { DefaultKey, MaskFunction, MaskRule, Rule, RuleSet, Verdict } from '../../src/policy/rules.ts';
import type { Action, ActionFinding, Analysis, RelationRef, Statement } from '../../src/sql/statement.ts';

export const AGENT: AgentIdentity = { name: 'bot', owner: 'olga', groups: ['analysts'] };
export const PROD: Where = { database: 'shop', environment: 'prod', inTransaction: false };

type RelationSpec = {
  readonly kind?: RelationKind;
  readonly columns?: readonly string[];
  /** Column → the columns it is computed from. */
  readonly generated?: Readonly<Record<string, readonly string[]>>;
  readonly parents?: readonly string[];
  readonly reads?: readonly string[];
  readonly cascades?: readonly string[];
  /** Column → relations whose rows it holds. */
  readonly rowsOf?: Readonly<Record<string, readonly string[]>>;
  readonly userCode?: { readonly onRead: boolean; readonly onWrite: boolean };
};

/** `schema.name` → relation. OIDs count up from 100 in order. */
export function snapshotOf(
  specs: Readonly<Record<string, RelationSpec>>,
  extra: Partial<Snapshot> = {},
): Snapshot {
  const names = Object.keys(specs);
  const oidOf = (name: string) => {
    const index = names.indexOf(name);
    if (index < 0) throw new Error(`no relation ${name}`);
    return 100 + index;
  };
  const relations = new Map<number, CatalogRelation>();
  const byName = new Map<string, number[]>();
  for (const [full, spec] of Object.entries(specs)) {
    const [schema = '', name = ''] = full.split('.');
    const columns = spec.columns ?? ['id'];
    relations.set(oidOf(full), {
      oid: oidOf(full),
      schema,
      name,
      kind: spec.kind ?? 'table',
      columns: columns.map((column, index) => ({
        attnum: index + 1,
        name: column,
        typeOid: 25,
        generatedFrom: spec.generated?.[column]?.map((source) => columns.indexOf(source) + 1) ?? null,
        ...(spec.rowsOf?.[column] === undefined ? {} : { rowsOf: spec.rowsOf[column].map(oidOf) }),
      })),
      parents: (spec.parents ?? []).map(oidOf),
      reads: (spec.reads ?? []).map(oidOf),
      cascades: (spec.cascades ?? []).map(oidOf),
      ...(spec.userCode === undefined ? {} : { userCode: spec.userCode }),
    });
    byName.set(name, [...(byName.get(name) ?? []), oidOf(full)]);
  }
  return {
    database: 'shop',
    version: 1,
    relations,
    byName,
    userFunctions: new Set(['get_ssn', 'lower']),
    builtinFunctions: new Set(['lower', 'upper', 'count', 'query_to_xml', 'lo_get']),
    userOperators: new Set(['===']),
    userTypes: new Set(['email_address']),
    ...extra,
  };
}

/** `schema.name` of an OID, or `schema.name.column`. */
export function nameOf(snapshot: Snapshot, oid: number, attnum?: number): string {
  const relation = snapshot.relations.get(oid);
  const column =
    attnum === undefined ? '' : `.${relation?.columns.find((one) => one.attnum === attnum)?.name}`;
  return `${relation?.schema}.${relation?.name}${column}`;
}

export function refs(names: readonly string[], access: 'read' | 'write'): RelationRef[] {
  return names.map((full) => {
    const [first = '', second] = full.split('.');
    return second === undefined
      ? { schema: null, name: first, access }
      : { schema: first, name: second, access };
  });
}

export function doing(action: Action, command: string, destructive = false): ActionFinding {
  return { action, command, destructive, reason: `${command} is a ${action}` };
}

type StatementSpec = Partial<
  Omit<Statement, 'relations' | 'mentions' | 'functions' | 'operators' | 'types'>
> & {
  readonly reads?: readonly string[];
  readonly writes?: readonly string[];
  readonly mentions?: readonly string[];
  readonly functions?: readonly string[];
  readonly operators?: readonly string[];
  readonly types?: readonly string[];
};

export function statement(spec: StatementSpec): Statement {
  const {
    reads = [],
    writes = [],
    mentions = [],
    functions = [],
    operators = [],
    types = [],
    ...rest
  } = spec;
  const names = (list: readonly string[]) => refs(list, 'read').map(({ schema, name }) => ({ schema, name }));
  return {
    text: 'select',
    command: 'select',
    actions: [doing('read', 'select')],
    storesWhatItReads: false,
    sinks: [],
    settings: [],
    effect: { kind: 'none' },
    fingerprint: '0'.repeat(16),
    ...rest,
    relations: [...refs(reads, 'read'), ...refs(writes, 'write')],
    functions: names(functions),
    operators: names(operators),
    types: names(types),
    mentions: {
      columns: new Set(mentions.filter((one) => one !== '*')),
      star: mentions.includes('*'),
      wholeRows: mentions.includes('*'),
    },
  };
}

export function parsed(...statements: readonly Statement[]): Analysis {
  return { kind: 'parsed', statements, trees: [] };
}

export function mask(
  name: string,
  columns: string,
  with_: MaskFunction,
  visibleTo: Partial<MaskRule['visibleTo']> = {},
  searchable: MaskRule['searchable'] = [],
): MaskRule {
  const patterns = columns.split(' ').map((text) => {
    const reading = parseColumnPattern(text);
    if (reading.kind === 'invalid') throw new Error(reading.message);
    return reading.pattern;
  });
  return {
    name,
    columns: patterns,
    with: with_,
    searchable,
    visibleTo: { agents: [], groups: [], ...visibleTo },
  };
}

export function rule(name: string, when: Rule['when'], then: Verdict, rest: Partial<Rule> = {}): Rule {
  return { name, when, then, approvers: [], quorum: 1, expiresMs: 900_000, ...rest };
}

export function ruleSet(parts: {
  masks?: readonly MaskRule[];
  rules?: readonly Rule[];
  defaults?: Partial<Record<DefaultKey, Verdict>>;
}): RuleSet {
  return {
    version: 'v',
    masks: parts.masks ?? [],
    rules: parts.rules ?? [],
    defaults: { ...DEFAULT_VERDICTS, ...parts.defaults },
  };
}
