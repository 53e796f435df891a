/**
 * One reading of a database's catalog: a value without a connection. `load.ts` makes it, everybody else
 * only looks things up in it. Names resolve without `search_path`: an unqualified name is every relation
 * of that name.
 */

export type RelationKind =
  | 'table'
  | 'partitioned-table'
  | 'view'
  | 'materialized-view'
  | 'foreign-table'
  | 'sequence'
  | 'index'
  | 'toast'
  | 'composite';

export type CatalogColumn = {
  readonly attnum: number;
  readonly name: string;
  readonly typeOid: number;
  /** Attribute numbers this generated column is computed from; null where it is not generated. */
  readonly generatedFrom: readonly number[] | null;
  /** Relations whose rows its values can hold: it is of their row type, or of an array, domain or type of it. */
  readonly rowsOf?: readonly number[];
};

export type CatalogRelation = {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  /** In attribute order, dropped columns left out, system columns left out. */
  readonly columns: readonly CatalogColumn[];
  /** Relations this one inherits from or is a partition of. */
  readonly parents: readonly number[];
  /** For views and materialised views: the relations their definition reads. */
  readonly reads: readonly number[];
  /**
   * The query of a view or materialised view, as `pg_get_viewdef` writes it with an empty search_path: names
   * outside pg_catalog are qualified. Null for other relations and for the system's own views; absent: not
   * looked up.
   */
  readonly definition?: string | null;
  /**
   * Functions outside pg_catalog that run unseen: on reading, called by a view's definition or row security;
   * on writing, by triggers, rules, defaults and checks. Absent: not looked up, and counted as none.
   */
  readonly userCode?: { readonly onRead: boolean; readonly onWrite: boolean };
  /** Relations whose rows foreign keys change or delete when rows of this one are. Absent counts as none. */
  readonly cascades?: readonly number[];
  /** Attribute numbers of its primary key. Empty or absent: no two rows are known to differ. */
  readonly primaryKey?: readonly number[];
};

/** A function, by OID where it is one of people's own and by name in any case. */
export type FunctionName = { readonly oid: number; readonly schema: string; readonly name: string };

export type CatalogFunction = FunctionName & {
  /** `sql`, `plpgsql`, `c`, `internal`, … */
  readonly language: string;
  readonly kind: 'function' | 'procedure' | 'aggregate' | 'window';
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  /** How few arguments, and how many at the most; null for VARIADIC. */
  readonly minArguments: number;
  readonly maxArguments: number | null;
  readonly returnsSet: boolean;
  /** It is called by triggers only. */
  readonly isTrigger: boolean;
  readonly securityDefiner: boolean;
  /** Names of the settings it runs under, lower case: `search_path`, … */
  readonly settings: readonly string[];
  /** The extension it came with. */
  readonly extension: string | null;
  /**
   * Of a SQL function its statements, as written or, if they were resolved when it was made, as PostgreSQL
   * writes them (`BEGIN ATOMIC …`, `RETURN …`); of a PL/pgSQL one the whole `CREATE FUNCTION`. Null for other
   * languages, aggregates, and bodies that are too long.
   */
  readonly body: string | null;
  /** Default values of its arguments, separated by commas. */
  readonly defaults: string | null;
  /** Types of people's own among its arguments and results; elements of arrays. */
  readonly types: readonly string[];
  /** Of an aggregate: what computes it. */
  readonly parts: readonly FunctionName[];
};

/** An operator outside pg_catalog and the function behind it; null for one that is declared only. */
export type CatalogOperator = { readonly name: string; readonly by: FunctionName | null };

/** Code that a type outside pg_catalog runs: its own functions, those of casts, what a domain checks. */
export type TypeCode = {
  readonly type: string;
  readonly by: FunctionName | null;
  /** `CHECK (…)` of a domain. */
  readonly check: string | null;
};

/** A function that runs when a relation is read or written, which the statement does not name. */
export type RelationCode = {
  readonly relation: number;
  readonly onRead: boolean;
  readonly onWrite: boolean;
  /** OID of the function; 0 for a rule, which may do anything. */
  readonly by: number;
};

export type Snapshot = {
  readonly database: string;
  /** Goes up by one with every load that found something different. */
  readonly version: number;
  readonly relations: ReadonlyMap<number, CatalogRelation>;
  /** Relation name → the OIDs of every relation of that name, in whatever schema. */
  readonly byName: ReadonlyMap<string, readonly number[]>;
  /** Names of functions outside pg_catalog and information_schema. */
  readonly userFunctions: ReadonlySet<string>;
  readonly builtinFunctions: ReadonlySet<string>;
  /** Operators outside pg_catalog, but for those that compiled code implements. */
  readonly userOperators: ReadonlySet<string>;
  /** Those of `userFunctions` that can be called on a row like a column of it: `c.total`. Absent: none. */
  readonly rowFunctions?: ReadonlySet<string>;
  /** Types outside pg_catalog that can run user code when cast to: domains, base types, types with casts. */
  readonly userTypes: ReadonlySet<string>;
  /** The functions of people's own, by OID; and what runs them unseen. Absent: nothing can be vouched for. */
  readonly code?: {
    readonly functions: ReadonlyMap<number, CatalogFunction>;
    readonly operators: readonly CatalogOperator[];
    readonly types: readonly TypeCode[];
    readonly relations: readonly RelationCode[];
  };
  /**
   * Functions outside pg_catalog that are known only to compute, by name and by `qualified` name. No reading of
   * the catalog has it: it is how a snapshot looks under given masks (policy/trusted-functions.ts).
   */
  readonly trusted?: ReadonlyMap<string, TrustedFunction>;
};

/** All functions of a name, as one. */
export type TrustedFunction = {
  /** Relations that the result may come from besides the arguments. */
  readonly reads: readonly number[];
  /** It can end in an error of its own making. */
  readonly raises: boolean;
};

/** A key for `trusted`: no name has a NUL. */
export function qualified(schema: string | null, name: string): string {
  return schema === null ? name : `${schema}\u0000${name}`;
}

/** Every relation a written name may stand for. Empty where the catalog knows none. */
export function resolve(
  snapshot: Snapshot,
  ref: { readonly schema: string | null; readonly name: string },
): readonly CatalogRelation[] {
  const found: CatalogRelation[] = [];
  for (const oid of snapshot.byName.get(ref.name) ?? []) {
    const relation = snapshot.relations.get(oid);
    if (relation !== undefined && (ref.schema === null || relation.schema === ref.schema))
      found.push(relation);
  }
  return found;
}

/** A snapshot with nothing in it: every name is unknown, so everything fails closed. */
export function emptySnapshot(database: string): Snapshot {
  return {
    database,
    version: 0,
    relations: new Map(),
    byName: new Map(),
    userFunctions: new Set(),
    builtinFunctions: new Set(),
    userOperators: new Set(),
    userTypes: new Set(),
  };
}
