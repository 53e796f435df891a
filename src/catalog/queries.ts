/**
 * What is read from the system catalogs, on PostgreSQL 14 to 18. Every name is qualified and every query is
 * ordered, since the same text is also hashed by the server to see whether anything changed.
 *
 * Invariant: what the server leaves out of pg_depend (everything initdb made is "pinned") is found another
 * way, so that a view over a system relation is known to read it.
 * Non-goals: statistics, privileges, anything that changes without DDL.
 */
import { FIRST_USER_OID } from './limits.ts';

/** A catalog's OID as pg_depend has it; qualified, since even under an empty search_path pg_temp comes first. */
const classOf = (catalog: string): string => `'pg_catalog.${catalog}'::pg_catalog.regclass`;

const USER_FUNCTION = `(p.oid >= ${FIRST_USER_OID}
      OR pn.nspname NOT IN ('pg_catalog', 'information_schema'))`;

/** Whether a view's rule, a policy, … depends on a function of people's, by itself or behind an operator. */
function dependsOnUserCode(catalog: string, oid: string): string {
  return `EXISTS (
    SELECT 1 FROM pg_catalog.pg_depend d
    LEFT JOIN pg_catalog.pg_operator o ON d.refclassid = ${classOf('pg_operator')} AND o.oid = d.refobjid
    JOIN pg_catalog.pg_proc p ON p.oid = COALESCE(o.oprcode::pg_catalog.oid,
      CASE WHEN d.refclassid = ${classOf('pg_proc')} THEN d.refobjid END)
    JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace
    WHERE d.classid = ${classOf(catalog)} AND d.objid = ${oid} AND ${USER_FUNCTION})`;
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

  /** [relation, on read, on write] for relations that run code nobody named */
  userCode: `SELECT u.relid, pg_catalog.bool_or(u.on_read), pg_catalog.bool_or(u.on_write) FROM (
      SELECT r.ev_class AS relid, r.ev_type = '1' AS on_read, r.ev_type <> '1' AS on_write
        FROM pg_catalog.pg_rewrite r
        WHERE r.ev_type <> '1' OR ${dependsOnUserCode('pg_rewrite', 'r.oid')}
      UNION ALL
      SELECT po.polrelid, true, true FROM pg_catalog.pg_policy po
        WHERE ${dependsOnUserCode('pg_policy', 'po.oid')}
      UNION ALL
      SELECT t.tgrelid, false, true FROM pg_catalog.pg_trigger t
        JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
        JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace
        WHERE NOT t.tgisinternal AND ${USER_FUNCTION}
      UNION ALL
      SELECT k.conrelid, false, true FROM pg_catalog.pg_constraint k
        WHERE k.conrelid <> 0 AND ${dependsOnUserCode('pg_constraint', 'k.oid')}
      UNION ALL
      SELECT ad.adrelid, a.attgenerated = 'v', true FROM pg_catalog.pg_attrdef ad
        JOIN pg_catalog.pg_attribute a ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
        WHERE ${dependsOnUserCode('pg_attrdef', 'ad.oid')}
      UNION ALL
      SELECT i.indrelid, false, true FROM pg_catalog.pg_index i
        WHERE ${dependsOnUserCode('pg_class', 'i.indexrelid')}
    ) u GROUP BY u.relid ORDER BY u.relid`,

  /** [name, made by people] */
  functions: `SELECT DISTINCT p.proname, ${USER_FUNCTION}
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace ORDER BY 1, 2`,

  /** [relation, relation whose rows its foreign keys change]; what NO ACTION and RESTRICT print is the key alone */
  cascades: `SELECT DISTINCT k.confrelid, k.conrelid FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
    ORDER BY 1, 2`,

  /** [relation, column, relation whose rows the column's values can hold], through arrays, domains and rows in rows */
  rowColumns: `WITH RECURSIVE holding(relid, typid) AS (
      SELECT c.oid, c.reltype FROM pg_catalog.pg_class c
        WHERE c.reltype <> 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND c.oid >= ${FIRST_USER_OID}
      UNION
      SELECT h.relid, outer_type.typid FROM holding h CROSS JOIN LATERAL (
        SELECT t.oid FROM pg_catalog.pg_type t
          WHERE (t.typelem = h.typid AND t.typcategory = 'A') OR t.typbasetype = h.typid
        UNION ALL
        SELECT c.reltype FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
          WHERE a.atttypid = h.typid AND a.attnum > 0 AND NOT a.attisdropped AND c.reltype <> 0
      ) AS outer_type(typid)
    )
    SELECT a.attrelid, a.attnum, h.relid FROM holding h
    JOIN pg_catalog.pg_attribute a ON a.atttypid = h.typid AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY 1, 2, 3`,

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
} as const;

export type QueryName = keyof typeof QUERIES;

/**
 * One row, one column: a hash over the results of all the others, in hex. It costs the server about what they
 * cost, but leaves nothing to send or read, which is what a poll that finds nothing new should cost us.
 */
export const DIGEST = `SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
  pg_catalog.concat_ws('/', ${Object.values(QUERIES).map(rowsAsText).join(', ')}), 'UTF8')), 'hex') AS digest`;

function rowsAsText(query: string): string {
  return `COALESCE((SELECT pg_catalog.string_agg(q::text, E'\\n') FROM (${query}) q), '')`;
}
