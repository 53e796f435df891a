/**
 * What agents send by their toolkits: listing, describing, sampling, planning. A sample of a masked table runs,
 * with what is masked in it masked and the rest as it is.
 */
import type { Conversation } from '../conversation.ts';

const CONTACT = ['email', 'phone', 'ssn'];

export const ASSISTANTS: readonly Conversation[] = [
  {
    name: 'an SQL toolkit lists, describes and samples',
    steps: [
      'select pg_catalog.version() is not null',
      'select current_schema()',
      'show standard_conforming_strings',
      'BEGIN',
      "SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace WHERE pg_catalog.pg_class.relkind = ANY (ARRAY['r', 'p', 'f', 'v', 'm']) AND pg_catalog.pg_class.relpersistence != 't' AND pg_catalog.pg_table_is_visible(pg_catalog.pg_class.oid) AND pg_catalog.pg_namespace.nspname != 'pg_catalog' order by 1",
      "SELECT a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS format_type, (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef) AS \"default\", a.attnotnull, c.relname AS table_name, des.description AS comment, a.attgenerated AS generated, (SELECT json_build_object('always', a.attidentity = 'a', 'start', s.seqstart, 'increment', s.seqincrement, 'cycle', s.seqcycle) FROM pg_catalog.pg_sequence s WHERE a.attidentity != '' AND s.seqrelid = CAST(CAST(pg_catalog.pg_get_serial_sequence(CAST(CAST(a.attrelid AS REGCLASS) AS TEXT), a.attname) AS REGCLASS) AS OID)) AS identity_options FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_attribute a ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped LEFT OUTER JOIN pg_catalog.pg_description des ON des.objoid = a.attrelid AND des.objsubid = a.attnum WHERE c.relkind = ANY (ARRAY['r', 'p', 'f']) AND c.relname IN ('customers', 'orders') ORDER BY c.relname, a.attnum",
      "SELECT attr.conrelid::regclass::text, array_agg(CAST(attr.attname AS TEXT) ORDER BY attr.ord) AS cols, attr.conname, min(attr.description) AS description FROM (SELECT con.conrelid, con.conname, con.conindid, con.description, con.ord, a.attname FROM (SELECT k.conrelid, k.conname, k.conindid, unnest(k.conkey) AS attnum, generate_subscripts(k.conkey, 1) AS ord, d.description FROM pg_catalog.pg_constraint k LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = k.oid WHERE k.contype = 'p') con JOIN pg_catalog.pg_attribute a ON a.attnum = con.attnum AND a.attrelid = con.conrelid) attr WHERE attr.conrelid IN ('customers'::regclass, 'lines'::regclass) GROUP BY attr.conrelid, attr.conname ORDER BY attr.conname",
      { text: 'SELECT * FROM customers \n LIMIT 3', masked: CONTACT },
      'SELECT * FROM orders \n LIMIT 3',
      'ROLLBACK',
      'SELECT city, COUNT(*) AS customer_count FROM customers GROUP BY city ORDER BY customer_count DESC, city LIMIT 5;',
      'SELECT c.name, SUM(o.total) AS revenue FROM customers AS c JOIN orders AS o ON c.id = o.customer_id GROUP BY c.id, c.name ORDER BY revenue DESC, c.name LIMIT 5;',
    ],
  },
  {
    name: 'a read-only server for agents',
    steps: [
      "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
      {
        text: 'SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $1',
        values: ['customers'],
      },
      'BEGIN TRANSACTION READ ONLY',
      'SELECT id, name, age FROM customers WHERE age BETWEEN 30 AND 32 ORDER BY id',
      'ROLLBACK',
      'BEGIN TRANSACTION READ ONLY',
      {
        text: 'SELECT c.*, count(o.id) AS orders FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id ORDER BY c.id LIMIT 3',
        masked: CONTACT,
      },
      'ROLLBACK',
      'BEGIN TRANSACTION READ ONLY',
      "SELECT to_char(placed, 'YYYY-MM') AS month, COUNT(*) FROM orders GROUP BY 1 ORDER BY 1",
      'COMMIT',
    ],
  },
  {
    name: 'a server for agents that tunes',
    steps: [
      "SELECT schema_name, schema_owner is not null, CASE WHEN schema_name LIKE 'pg_%' THEN 'System Schema' WHEN schema_name = 'information_schema' THEN 'System Information Schema' ELSE 'User Schema' END as schema_type FROM information_schema.schemata where schema_name not like 'pg_t%' ORDER BY schema_type, schema_name",
      "SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name",
      "SELECT tc.constraint_name, tc.constraint_type, kcu.column_name FROM information_schema.table_constraints AS tc LEFT JOIN information_schema.key_column_usage AS kcu ON tc.constraint_name = kcu.constraint_name AND tc.table_schema = kcu.table_schema WHERE tc.table_schema = 'public' AND tc.table_name = 'orders' and constraint_type <> 'CHECK' ORDER BY 1",
      "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = 'lines' ORDER BY 1",
      'SELECT extname, extversion is not null FROM pg_extension ORDER BY 1',
      "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'hypopg') as hypopg, EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_stat_statements') as statements",
      'EXPLAIN (FORMAT JSON, COSTS OFF) SELECT * FROM orders WHERE customer_id = 3',
      'EXPLAIN (COSTS OFF, TIMING OFF, SUMMARY OFF, ANALYZE, BUFFERS OFF) SELECT count(*) FROM orders WHERE customer_id = 3',
      'SELECT sum(heap_blks_hit) >= 0, (sum(heap_blks_hit) - sum(heap_blks_read)) / nullif(sum(heap_blks_hit), 0) is null or true as ratio FROM pg_statio_user_tables',
      'SELECT i.relname, x.idx_scan >= 0, pg_relation_size(x.indexrelid) > 0 FROM pg_stat_user_indexes x JOIN pg_index USING (indexrelid) JOIN pg_class i ON i.oid = x.indexrelid WHERE idx_scan < 1000000 AND indisunique IS FALSE ORDER BY 1',
      "SELECT array_agg(indexrelid::regclass::text) FROM (SELECT indexrelid, indrelid::text || E'\\n' || indclass::text || E'\\n' || indkey::text || E'\\n' || coalesce(pg_get_expr(indexprs, indrelid), '') || E'\\n' || coalesce(pg_get_expr(indpred, indrelid), '') AS key FROM pg_index where indrelid > 16000) sub GROUP BY key HAVING count(*) > 1",
      "SELECT relname, n_dead_tup >= 0, last_autovacuum is null or true, age(relfrozenxid) > -1 FROM pg_stat_user_tables JOIN pg_class USING (relname) WHERE relkind = 'r' order by 1",
      'SELECT count(*) > 0, state FROM pg_stat_activity WHERE pid = pg_backend_pid() GROUP BY state',
      'SELECT s.schemaname, s.sequencename, s.max_value, s.last_value is null or true FROM pg_sequences s order by 2',
      "SELECT tablename, attname, null_frac, n_distinct <> 0, correlation between -1 and 1 FROM pg_stats WHERE schemaname = 'public' AND tablename = 'orders' AND attname IN ('paid', 'total') ORDER BY attname",
    ],
  },
  {
    name: 'a platform describes its tables as JSON',
    steps: [
      `with tables as (
        select c.oid as id, nc.nspname as schema, c.relname as name, c.relrowsecurity as rls_enabled,
          case when c.relreplident = 'd' then 'DEFAULT' when c.relreplident = 'i' then 'INDEX' else 'OTHER' end as replica_identity,
          obj_description(c.oid) as comment, coalesce(pk.primary_keys, '[]') as primary_keys, coalesce(jsonb_agg(r) filter (where r.source_table_name = c.relname), '[]') as relationships
        from pg_namespace nc join pg_class c on nc.oid = c.relnamespace
        left join (select table_id, jsonb_agg(pk.col order by pk.col) as primary_keys from (
          select i.indrelid as table_id, a.attname as col from pg_index i, pg_class c, pg_attribute a, pg_namespace n
          where i.indrelid = c.oid and c.relnamespace = n.oid and a.attrelid = c.oid and a.attnum = any (i.indkey) and i.indisprimary) pk group by table_id) pk on pk.table_id = c.oid
        left join (select c.conname as constraint_name, csa.relname as source_table_name, sa.attname as source_column_name, cta.relname as target_table_name, ta.attname as target_column_name
          from pg_constraint c join (pg_attribute sa join pg_class csa on sa.attrelid = csa.oid) on sa.attrelid = c.conrelid and sa.attnum = any (c.conkey)
          join (pg_attribute ta join pg_class cta on ta.attrelid = cta.oid) on ta.attrelid = c.confrelid and ta.attnum = any (c.confkey) where c.contype = 'f') r on r.source_table_name = c.relname or r.target_table_name = c.relname
        where c.relkind in ('r', 'p') and not pg_is_other_temp_schema(nc.oid) and (pg_has_role(c.relowner, 'USAGE') or has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE') or has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE'))
        group by c.oid, c.relname, c.relrowsecurity, c.relreplident, nc.nspname, pk.primary_keys),
      columns as (
        select c.oid as table_id, nc.nspname as schema, c.relname as table, a.attname as name, a.attnum as ordinal_position, case when a.atthasdef then pg_get_expr(ad.adbin, ad.adrelid) end as default_value,
          case when t.typtype = 'd' then format_type(t.typbasetype, null) else format_type(a.atttypid, null) end as data_type, a.attidentity in ('a', 'd') as is_identity, not (a.attnotnull or t.typtype = 'd' and t.typnotnull) as is_nullable,
          exists (select from pg_constraint where conrelid = c.oid and contype = 'u' and conkey = array[a.attnum]) as is_unique,
          coalesce((select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid), '[]'::json) as enums, col_description(c.oid, a.attnum) as comment
        from pg_attribute a left join pg_attrdef ad on a.attrelid = ad.adrelid and a.attnum = ad.adnum join (pg_class c join pg_namespace nc on c.relnamespace = nc.oid) on a.attrelid = c.oid join pg_type t on a.atttypid = t.oid
        where not pg_is_other_temp_schema(nc.oid) and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'v', 'm', 'f', 'p'))
      select schema, name, rls_enabled, replica_identity, comment, primary_keys, jsonb_array_length(relationships) as relationships, coalesce((select array_agg(row_to_json(columns)::jsonb - 'table_id' order by ordinal_position) filter (where columns.table_id = tables.id) from columns), '{}') as columns
      from tables where schema in ('public') order by name`,
      "select name, installed_version is null or true, comment from pg_available_extensions where name = 'plpgsql'",
      "select n.nspname as schema, t.typname as name, format_type(t.oid, null) as format, coalesce(enums.enums, '[]') as enums from pg_type t left join pg_namespace n on n.oid = t.typnamespace left join (select enumtypid, jsonb_agg(enumlabel order by enumsortorder) as enums from pg_enum group by enumtypid) enums on enums.enumtypid = t.oid where n.nspname = 'public' and t.typtype in ('e', 'd') order by 2",
      "select p.proname, p.prosecdef, l.lanname, case when p.proretset then 'set' else 'one' end, (select jsonb_object_agg(split_part(s, '=', 1), split_part(s, '=', 2)) from unnest(p.proconfig) s) as config from pg_proc p join pg_language l on l.oid = p.prolang where p.pronamespace = 'public'::regnamespace order by 1",
      'select schemaname, tablename, policyname, permissive, cmd from pg_policies order by 1, 2, 3',
    ],
  },
  {
    name: 'an agent asks its way through',
    steps: [
      "-- What tables are there?\nSELECT table_schema, table_name, obj_description((quote_ident(table_schema) || '.' || quote_ident(table_name))::regclass) AS comment FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2;",
      "SELECT a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum) FROM pg_attribute a WHERE a.attrelid = 'public.customers'::regclass AND a.attnum > 0 ORDER BY a.attnum;",
      "SELECT relname, n_live_tup >= 0 AS rows FROM pg_stat_user_tables WHERE schemaname = 'public' ORDER BY relname;",
      { text: 'SELECT * FROM customers ORDER BY id LIMIT 5;', masked: CONTACT },
      {
        text: 'SELECT * FROM customers TABLESAMPLE BERNOULLI (100) REPEATABLE (1) ORDER BY id LIMIT 5;',
        masked: CONTACT,
      },
      'SELECT COUNT(*) AS total, COUNT(DISTINCT city) AS cities, MIN(age), MAX(age), AVG(age)::numeric(10, 2) FROM customers;',
      'SELECT COUNT(*) FROM customers WHERE age IS NULL OR city IS NULL;',
      'SELECT width_bucket(age, 20, 70, 5) AS bucket, COUNT(*) FROM customers GROUP BY bucket ORDER BY bucket;',
      'SELECT * FROM (SELECT customer_id, total, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY total DESC) AS rn FROM orders) t WHERE rn = 1 ORDER BY customer_id LIMIT 5;',
      "EXPLAIN (COSTS OFF) SELECT c.name, o.total FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.city = 'city 3';",
      'SELECT 1; SELECT 2',
    ],
  },
];
