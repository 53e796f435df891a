/**
 * What is read from the system catalogs, on PostgreSQL 14 to 18. Every name is qualified and every query is
 * ordered, so that the same content gives the same rows. What each depends on is in `fingerprint.ts`.
 *
 * Invariant: what the server leaves out of pg_depend (everything initdb made is "pinned") is found another
 * way, so that a view over a system relation is known to read it.
 * Non-goals: statistics, privileges, anything that changes without DDL.
 */
import { FIRST_USER_OID, MAX_FUNCTION_BODY_CHARS } from './limits.ts';

/** A catalog's OID as pg_depend has it; qualified, since even under an empty search_path pg_temp comes first. */
const classOf = (catalog: string): string => `'pg_catalog.${catalog}'::pg_catalog.regclass`;

const USER_FUNCTION = `(p.oid >= ${FIRST_USER_OID}
      OR pn.nspname NOT IN ('pg_catalog', 'information_schema'))`;

/** Functions of people's that a view's rule, a policy, … depends on, by itself or behind an operator: `p.oid`. */
function codeBehind(catalog: string, oid: string): string {
  return `pg_catalog.pg_depend d
    LEFT JOIN pg_catalog.pg_operator o ON d.refclassid = ${classOf('pg_operator')} AND o.oid = d.refobjid
    JOIN pg_catalog.pg_proc p ON p.oid = COALESCE(o.oprcode::pg_catalog.oid,
      CASE WHEN d.refclassid = ${classOf('pg_proc')} THEN d.refobjid END)
    JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace
    ON d.classid = ${classOf(catalog)} AND d.objid = ${oid} AND ${USER_FUNCTION}`;
}

/** `f` and its schema `fn` for an OID that may be none. */
function functionNamed(oid: string): string {
  return `LEFT JOIN pg_catalog.pg_proc f ON f.oid = ${oid}
    LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = f.pronamespace`;
}

export const QUERIES = {
  /** [oid, schema, name, relkind, toast relation's oid or 0] */
  relations: `SELECT c.oid, n.nspname, c.relname, c.relkind::text, c.reltoastrelid
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY c.oid`,

  /** [relation, attnum, name, type, generated] */
  columns: `SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.attgenerated <> ''
    FROM pg_catalog.pg_attribute a
    WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum`,

  /** [relation, parent] */
  parents: `SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits ORDER BY inhrelid, inhseqno`,

  /** [view, relation it reads]; the rule's own tree names relations that pg_depend leaves out */
  reads: `SELECT r.ev_class, d.refobjid FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_class c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')
    JOIN pg_catalog.pg_depend d ON d.classid = ${classOf('pg_rewrite')} AND d.objid = r.oid
      AND d.refclassid = ${classOf('pg_class')} AND d.refobjid <> r.ev_class
    WHERE r.ev_type = '1'
    UNION
    SELECT r.ev_class, m[1]::pg_catalog.oid FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_class c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')
    CROSS JOIN LATERAL pg_catalog.regexp_matches(r.ev_action::text, ' :relid (\\d+) ', 'g') AS m
    WHERE r.ev_type = '1' AND m[1]::pg_catalog.oid NOT IN (0, r.ev_class)
    ORDER BY 1, 2`,

  /** [view, its query]; loaded with an empty search_path, which pg_get_viewdef qualifies names by */
  definitions: `SELECT c.oid, pg_catalog.pg_get_viewdef(c.oid) FROM pg_catalog.pg_class c
    WHERE c.relkind IN ('v', 'm') AND c.oid >= ${FIRST_USER_OID} ORDER BY c.oid`,

  /** [relation, generated column, its source]; 14 hangs these on the column, 15 on the default */
  generated: `SELECT ad.adrelid, ad.adnum, d.refobjsubid FROM pg_catalog.pg_attrdef ad
    JOIN pg_catalog.pg_attribute a ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum AND a.attgenerated <> ''
    JOIN pg_catalog.pg_depend d ON d.refclassid = ${classOf('pg_class')}
      AND d.refobjid = ad.adrelid AND d.refobjsubid > 0 AND d.refobjsubid <> ad.adnum
      AND ((d.classid = ${classOf('pg_attrdef')} AND d.objid = ad.oid)
        OR (d.classid = ${classOf('pg_class')} AND d.objid = ad.adrelid AND d.objsubid = ad.adnum))
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,

  /** [relation, on read, on write, function] that nobody names; 0 for what a rule does instead or besides */
  userCode: `SELECT DISTINCT u.relid, u.on_read, u.on_write, u.by FROM (
      SELECT r.ev_class AS relid, false AS on_read, true AS on_write, 0::pg_catalog.oid AS by
        FROM pg_catalog.pg_rewrite r WHERE r.ev_type <> '1'
      UNION ALL
      SELECT r.ev_class, true, false, p.oid FROM pg_catalog.pg_rewrite r
        JOIN ${codeBehind('pg_rewrite', 'r.oid')} WHERE r.ev_type = '1'
      UNION ALL
      SELECT po.polrelid, true, true, p.oid FROM pg_catalog.pg_policy po
        JOIN ${codeBehind('pg_policy', 'po.oid')}
      UNION ALL
      SELECT t.tgrelid, false, true, p.oid FROM pg_catalog.pg_trigger t
        JOIN ${codeBehind('pg_trigger', 't.oid')} WHERE NOT t.tgisinternal
      UNION ALL
      SELECT k.conrelid, false, true, p.oid FROM pg_catalog.pg_constraint k
        JOIN ${codeBehind('pg_constraint', 'k.oid')} WHERE k.conrelid <> 0
      UNION ALL
      SELECT ad.adrelid, a.attgenerated = 'v', true, p.oid FROM pg_catalog.pg_attrdef ad
        JOIN pg_catalog.pg_attribute a ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
        JOIN ${codeBehind('pg_attrdef', 'ad.oid')}
      UNION ALL
      SELECT i.indrelid, false, true, p.oid FROM pg_catalog.pg_index i
        JOIN ${codeBehind('pg_class', 'i.indexrelid')}
    ) u ORDER BY 1, 2, 3, 4`,

  /** [name, made by people] */
  functions: `SELECT DISTINCT p.proname, ${USER_FUNCTION}
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace ORDER BY 1, 2`,

  /** [relation, relation whose rows its foreign keys change]; what NO ACTION and RESTRICT print is the key alone */
  cascades: `SELECT DISTINCT k.confrelid, k.conrelid FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
    ORDER BY 1, 2`,

  /** [relation, attnum] of each column of a primary key that rows cannot break, of its own or of children */
  primaryKeys: `SELECT k.conrelid, a.attnum FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid
      AND a.attnum OPERATOR(pg_catalog.=) ANY (k.conkey)
    WHERE k.contype = 'p' AND NOT k.condeferrable AND (c.relkind = 'p' OR NOT c.relhassubclass)
    ORDER BY 1, 2`,

  /** [relation, column, relation whose rows the column's values can hold], through arrays, domains and rows in rows */
  rowColumns: `WITH RECURSIVE users(relid, attnum, typid) AS MATERIALIZED (
      SELECT a.attrelid, a.attnum, a.atttypid FROM pg_catalog.pg_attribute a
        WHERE a.atttypid >= ${FIRST_USER_OID} AND a.attnum > 0 AND NOT a.attisdropped
    ), made(typid, from_typid) AS MATERIALIZED (
      SELECT t.oid, t.typelem FROM pg_catalog.pg_type t
        WHERE t.typelem >= ${FIRST_USER_OID} AND t.typcategory = 'A'
      UNION
      SELECT t.oid, t.typbasetype FROM pg_catalog.pg_type t WHERE t.typbasetype >= ${FIRST_USER_OID}
      UNION
      SELECT c.reltype, u.typid FROM users u JOIN pg_catalog.pg_class c ON c.oid = u.relid WHERE c.reltype <> 0
    ), holding(relid, typid) AS (
      SELECT c.oid, c.reltype FROM pg_catalog.pg_class c
        WHERE c.reltype <> 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND c.oid >= ${FIRST_USER_OID}
      UNION
      SELECT h.relid, m.typid FROM holding h JOIN made m ON m.from_typid = h.typid
    )
    SELECT u.relid, u.attnum, h.relid FROM holding h JOIN users u ON u.typid = h.typid ORDER BY 1, 2, 3`,

  /** [name]: functions of people's that one row, or a value of any type, is enough to call */
  rowFunctions: `SELECT DISTINCT p.proname FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace
    JOIN pg_catalog.pg_type t ON t.oid = p.proargtypes[0]
    LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
    WHERE ${USER_FUNCTION} AND p.pronargs - p.pronargdefaults <= 1
      AND (t.typtype IN ('c', 'p') OR b.typtype = 'c' OR p.provariadic <> 0) ORDER BY 1`,

  /** [name]; an operator that compiled code implements only computes */
  operators: `SELECT DISTINCT o.oprname FROM pg_catalog.pg_operator o
    JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
    LEFT JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
    LEFT JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE (o.oid >= ${FIRST_USER_OID} OR n.nspname <> 'pg_catalog')
      AND l.lanname IS DISTINCT FROM 'c' AND l.lanname IS DISTINCT FROM 'internal' ORDER BY 1`,

  /** [name]: domains, base types and ranges of people, and either end of a cast they made */
  types: `SELECT t.typname FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE (t.oid >= ${FIRST_USER_OID} OR n.nspname NOT IN ('pg_catalog', 'information_schema'))
      AND (t.typtype IN ('d', 'r', 'm') OR (t.typtype = 'b' AND NOT (t.typelem <> 0 AND t.typlen = -1)))
    UNION
    SELECT t.typname FROM pg_catalog.pg_cast k
    JOIN pg_catalog.pg_type t ON t.oid IN (k.castsource, k.casttarget)
    WHERE k.oid >= ${FIRST_USER_OID}
    ORDER BY 1`,

  /**
   * [oid, schema, name, language, kind, volatility, fewest arguments, most, returns a set, trigger, security
   * definer, settings, extension, body, defaults, types, what computes an aggregate]
   */
  userFunctions: `SELECT p.oid, pn.nspname, p.proname, l.lanname, p.prokind::text, p.provolatile::text,
      p.pronargs - p.pronargdefaults, CASE WHEN p.provariadic = 0 THEN p.pronargs END, p.proretset,
      p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype, p.prosecdef,
      (SELECT pg_catalog.string_agg(pg_catalog.lower(pg_catalog.split_part(c, '=', 1)), ',' ORDER BY c)
        FROM pg_catalog.unnest(p.proconfig) c),
      (SELECT e.extname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = ${classOf('pg_proc')} AND d.objid = p.oid AND d.deptype = 'e'
          AND d.refclassid = ${classOf('pg_extension')} LIMIT 1),
      CASE WHEN p.prokind NOT IN ('f', 'w') OR pg_catalog.length(p.prosrc) > ${MAX_FUNCTION_BODY_CHARS} THEN NULL
        WHEN l.lanname = 'plpgsql' THEN pg_catalog.pg_get_functiondef(p.oid)
        WHEN l.lanname = 'sql' THEN COALESCE(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) END,
      pg_catalog.pg_get_expr(p.proargdefaults, 0),
      (SELECT pg_catalog.json_agg(DISTINCT COALESCE(el.typname, t.typname)::text)
        FROM pg_catalog.unnest(COALESCE(p.proallargtypes, '{}') || p.proargtypes::pg_catalog.oid[] || p.prorettype) a
        JOIN pg_catalog.pg_type t ON t.oid = a AND t.oid >= ${FIRST_USER_OID}
        LEFT JOIN pg_catalog.pg_type el ON el.oid = t.typelem AND t.typcategory = 'A')::pg_catalog.jsonb,
      (SELECT pg_catalog.jsonb_agg(DISTINCT pg_catalog.jsonb_build_array(f.oid::pg_catalog.int8, fn.nspname, f.proname))
        FROM pg_catalog.pg_aggregate ag CROSS JOIN LATERAL (VALUES (ag.aggtransfn::pg_catalog.oid),
          (ag.aggfinalfn::pg_catalog.oid), (ag.aggcombinefn::pg_catalog.oid), (ag.aggserialfn::pg_catalog.oid),
          (ag.aggdeserialfn::pg_catalog.oid), (ag.aggmtransfn::pg_catalog.oid), (ag.aggminvtransfn::pg_catalog.oid),
          (ag.aggmfinalfn::pg_catalog.oid),
          ((SELECT o.oprcode::pg_catalog.oid FROM pg_catalog.pg_operator o WHERE o.oid = ag.aggsortop))) x(oid)
        JOIN pg_catalog.pg_proc f ON f.oid = x.oid
        JOIN pg_catalog.pg_namespace fn ON fn.oid = f.pronamespace
        WHERE ag.aggfnoid = p.oid::pg_catalog.regproc)
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE ${USER_FUNCTION} ORDER BY p.oid`,

  /** [operator outside pg_catalog, function's oid, schema, name]; null for an operator that is declared only */
  operatorCode: `SELECT DISTINCT o.oprname, f.oid, fn.nspname, f.proname FROM pg_catalog.pg_operator o
    JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
    ${functionNamed('o.oprcode')}
    WHERE o.oid >= ${FIRST_USER_OID} OR n.nspname <> 'pg_catalog' ORDER BY 1, 2`,

  /**
   * [type, domain's check, function's oid, schema, name]: the code that `types` can run, through what a type is
   * made of; all of them null where that is not known. Rows of relations run none but that of casts
   */
  typeCode: `WITH RECURSIVE made(typname, typid) AS (
      SELECT t.typname, t.oid FROM pg_catalog.pg_type t
        JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        WHERE ((t.oid >= ${FIRST_USER_OID} OR n.nspname NOT IN ('pg_catalog', 'information_schema'))
            AND t.typrelid = 0 AND t.typelem NOT IN (SELECT r.oid FROM pg_catalog.pg_type r WHERE r.typrelid <> 0))
          OR EXISTS (SELECT 1 FROM pg_catalog.pg_cast k
            WHERE k.oid >= ${FIRST_USER_OID} AND (k.castsource IN (t.oid, t.typelem) OR k.casttarget IN (t.oid, t.typelem)))
      UNION
      SELECT m.typname, part.oid FROM made m JOIN pg_catalog.pg_type t ON t.oid = m.typid
        CROSS JOIN LATERAL (VALUES (t.typbasetype), (t.typelem),
          ((SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)))) part(oid)
        WHERE part.oid <> 0
    )
    SELECT DISTINCT m.typname, c.checked, f.oid, fn.nspname, f.proname FROM made m
    JOIN LATERAL (
      SELECT NULL::text AS checked, k.castfunc AS by FROM pg_catalog.pg_cast k
        WHERE k.oid >= ${FIRST_USER_OID} AND k.castfunc <> 0 AND m.typid IN (k.castsource, k.casttarget)
      UNION ALL
      SELECT pg_catalog.pg_get_constraintdef(k.oid), 0 FROM pg_catalog.pg_constraint k WHERE k.contypid = m.typid
      UNION ALL
      SELECT NULL, p.oid FROM pg_catalog.pg_constraint k
        JOIN ${codeBehind('pg_constraint', 'k.oid')} WHERE k.contypid = m.typid
      UNION ALL
      SELECT NULL, p.oid FROM (SELECT 1) one JOIN ${codeBehind('pg_type', 'm.typid')}
      UNION ALL
      SELECT NULL, 0 FROM pg_catalog.pg_range r
        WHERE m.typid IN (r.rngtypid, r.rngmultitypid) AND r.rngsubopc >= ${FIRST_USER_OID}
    ) c ON true
    ${functionNamed('c.by')}
    ORDER BY 1, 2, 3`,
} as const;

export type QueryName = keyof typeof QUERIES;

/** [oid, schema, name, whether it may set off code] of relations with one of these OIDs, $1, or names, $2. */
export const NAMED = `SELECT c.oid, n.nspname, c.relname, c.relrowsecurity
    OR EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t
      WHERE t.tgrelid OPERATOR(pg_catalog.=) c.oid AND NOT t.tgisinternal)
    OR EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite r
      WHERE r.ev_class OPERATOR(pg_catalog.=) c.oid AND r.ev_type OPERATOR(pg_catalog.<>) '1')
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  WHERE c.oid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
    OR c.relname OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.name[])`;
