/** Dashboards, alerts, modelling tools and API servers over a database: one connection each. */
import type { Conversation } from '../conversation.ts';

export const DASHBOARDS: readonly Conversation[] = [
  {
    name: 'Metabase syncs, fingerprints and asks',
    steps: [
      "SET SESSION TIMEZONE TO 'UTC'",
      'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY',
      "SELECT n.nspname AS schema, c.relname AS name, CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'PARTITIONED TABLE' WHEN 'v' THEN 'VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'm' THEN 'MATERIALIZED VIEW' END AS type, d.description, NULLIF(c.reltuples, -1)::bigint >= 0 AS estimated_row_count FROM pg_catalog.pg_class AS c INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid LEFT JOIN pg_catalog.pg_description AS d ON c.oid = d.objoid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass WHERE c.relnamespace = n.oid AND n.nspname !~ '^information_schema|catalog_history|pg_' AND c.relkind IN ('r', 'p', 'v', 'f', 'm') ORDER BY type, schema, name",
      "SELECT c.column_name AS name, c.udt_name AS database_type, c.ordinal_position - 1 AS database_position, c.table_schema, c.table_name, pk.column_name IS NOT NULL AS pk, col_description(CAST(CAST(format('%I.%I', CAST(c.table_schema AS TEXT), CAST(c.table_name AS TEXT)) AS REGCLASS) AS OID), c.ordinal_position) AS field_comment, (column_default IS NULL OR LOWER(column_default) = 'null') AND is_nullable = 'NO' AND NOT (column_default IS NOT NULL AND column_default LIKE '%nextval(%') AND is_identity = 'NO' AS required, (column_default IS NOT NULL AND column_default LIKE '%nextval(%') OR is_identity <> 'NO' AS auto FROM information_schema.columns AS c LEFT JOIN (SELECT tc.table_schema, tc.table_name, kc.column_name FROM information_schema.table_constraints AS tc INNER JOIN information_schema.key_column_usage AS kc ON tc.constraint_name = kc.constraint_name AND tc.table_schema = kc.table_schema AND tc.table_name = kc.table_name WHERE tc.constraint_type = 'PRIMARY KEY') AS pk ON c.table_schema = pk.table_schema AND c.table_name = pk.table_name AND c.column_name = pk.column_name WHERE c.table_schema = 'public' ORDER BY c.table_name, database_position",
      "SELECT fk_ns.nspname AS fk_schema, fk_table.relname AS fk_table, fk_column.attname AS fk_column, pk_table.relname AS pk_table, pk_column.attname AS pk_column FROM pg_constraint AS c JOIN pg_class AS fk_table ON c.conrelid = fk_table.oid JOIN pg_namespace AS fk_ns ON c.connamespace = fk_ns.oid JOIN pg_attribute AS fk_column ON c.conrelid = fk_column.attrelid JOIN pg_class AS pk_table ON c.confrelid = pk_table.oid JOIN pg_attribute AS pk_column ON c.confrelid = pk_column.attrelid WHERE fk_ns.nspname !~ '^information_schema|catalog_history|pg_' AND c.contype = 'f' AND fk_column.attnum = ANY(c.conkey) AND pk_column.attnum = ANY(c.confkey) ORDER BY fk_schema, fk_table, fk_column",
      'SELECT TRUE AS "_" FROM "public"."customers" WHERE 1 <> 1 LIMIT 0',
      {
        text: 'SELECT SUBSTRING("public"."customers"."name", 1, 1234) AS "substring1", "public"."customers"."age" AS "age", "public"."customers"."email" AS "email" FROM "public"."customers" ORDER BY "public"."customers"."id" LIMIT 10000',
        masked: ['email'],
      },
      `SELECT "source"."city" AS "city", COUNT(*) AS "count" FROM (SELECT "public"."customers"."id" AS "id", "public"."customers"."city" AS "city", "public"."customers"."age" AS "age" FROM "public"."customers") AS "source" WHERE "source"."age" > 21 GROUP BY "source"."city" ORDER BY "source"."city" ASC`,
      `SELECT DATE_TRUNC('week', ("public"."orders"."placed" + (INTERVAL '1 day'))) + (INTERVAL '-1 day') AS "placed", AVG("public"."orders"."total") AS "avg", "Customers"."city" AS "Customers__city" FROM "public"."orders" LEFT JOIN "public"."customers" AS "Customers" ON "public"."orders"."customer_id" = "Customers"."id" WHERE ("public"."orders"."placed" >= timestamp with time zone '2024-01-01 00:00:00.000Z') GROUP BY 1, 3 ORDER BY 1 ASC, 3 ASC LIMIT 50`,
    ],
  },
  {
    name: 'Grafana explores and alerts',
    steps: [
      'SELECT 1',
      "SELECT current_setting('server_version_num')::int/100 > 0 as version",
      "SELECT CASE WHEN quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '\"$user\"' THEN user ELSE trim(s[i]) END FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1), array_upper(string_to_array(current_setting('search_path'),','),1)) as i, string_to_array(current_setting('search_path'),',') s) THEN quote_ident(table_name) ELSE quote_ident(table_schema) || '.' || quote_ident(table_name) END AS \"table\" FROM information_schema.tables WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog', '_timescaledb_cache') ORDER BY 1 ASC",
      'SELECT quote_ident(column_name) AS "column", data_type AS "type" FROM information_schema.columns WHERE quote_ident(table_name) = \'orders\' ORDER BY ordinal_position',
      'SELECT DISTINCT city AS __text, city AS __value FROM customers ORDER BY 1',
      `SELECT floor(extract(epoch from placed)/86400)*86400 AS "time", avg(total) AS "value", paid::text AS metric FROM orders WHERE placed BETWEEN '2024-01-01T00:00:00Z' AND '2024-01-31T23:59:59.999Z' GROUP BY 1, paid ORDER BY 1, 3`,
      "SELECT placed AS \"time\", total FROM orders WHERE extract(epoch from placed) >= 1704067200 AND extract(epoch from placed) <= 1704240000 AND customer_id IN ('3'::int, '4'::int) OR 1 = 0 ORDER BY 1",
      "SELECT date_bin('1 hour', placed, timestamptz '2024-01-01') AS bucket, count(*) AS value FROM orders GROUP BY 1 HAVING count(*) > 0 ORDER BY 1 LIMIT 20",
      "SELECT g AS time, coalesce(sum(o.total), 0) AS value FROM generate_series(timestamptz '2024-01-01Z', timestamptz '2024-01-05Z', interval '1 day') g LEFT JOIN orders o ON o.placed >= g AND o.placed < g + interval '1 day' GROUP BY 1 ORDER BY 1",
      "SELECT count(*) FROM orders WHERE NOT paid AND placed < now() - interval '1 day'",
    ],
  },
  {
    name: 'Superset explores a data set',
    steps: [
      "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg_%' ORDER BY nspname",
      "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind in ('v', 'm') order by 1",
      'SELECT city AS city, COUNT(*) AS count, AVG(age) AS "AVG(age)" \nFROM public.customers GROUP BY city ORDER BY count DESC, city \n LIMIT 1000',
      'SELECT DATE_TRUNC(\'day\', placed) AS __timestamp, paid AS paid, sum(total) AS "SUM(total)" FROM public.orders JOIN (SELECT paid AS paid__, sum(total) AS mme_inner__ FROM public.orders WHERE placed >= \'2024-01-01\' GROUP BY paid ORDER BY mme_inner__ DESC LIMIT 10) AS series_limit ON paid = paid__ GROUP BY 1, 2 ORDER BY "SUM(total)" DESC, 1 LIMIT 10',
      'SELECT * FROM (SELECT c.city, o.total FROM customers c JOIN orders o ON o.customer_id = c.id) AS virtual_table ORDER BY 2, 1 LIMIT 10',
      'SELECT virtual_table.city AS city, sum(CASE WHEN virtual_table.paid THEN 1 ELSE 0 END) AS paid, percentile_disc(0.9) WITHIN GROUP (ORDER BY virtual_table.total) AS p90 FROM (SELECT c.*, o.total, o.paid FROM customers c JOIN orders o ON o.customer_id = c.id) AS virtual_table GROUP BY virtual_table.city ORDER BY 1',
      'EXPLAIN (COSTS OFF) SELECT city, count(*) FROM customers GROUP BY city',
    ],
  },
  {
    name: 'dbt connects, lists relations and writes its catalog',
    steps: [
      "SET application_name = 'dbt'",
      'BEGIN',
      '/* {"app": "dbt", "dbt_version": "1.8.0", "connection_name": "debug"} */\nselect 1 as id',
      'COMMIT',
      "select distinct nspname from pg_namespace where nspname not like 'pg_t%' order by 1",
      "select current_database() as database, tablename as name, schemaname as schema, 'table' as type from pg_tables where schemaname ilike 'public' union all select current_database(), viewname, schemaname, 'view' from pg_views where schemaname ilike 'public' union all select current_database(), matviewname, schemaname, 'materialized_view' from pg_matviews where schemaname ilike 'public' order by 2",
      "with relation as (select pg_rewrite.ev_class as class, pg_rewrite.oid as id from pg_rewrite), class as (select oid as id, relname as name, relnamespace as schema, relkind as kind from pg_class), dependency as (select distinct pg_depend.objid as id, pg_depend.refobjid as ref from pg_depend), schema as (select pg_namespace.oid as id, pg_namespace.nspname as name from pg_namespace where nspname != 'information_schema' and nspname not like 'pg\\_%'), referenced as (select relation.id as id, referenced_class.name, referenced_class.schema, referenced_class.kind from relation join class as referenced_class on relation.class = referenced_class.id where referenced_class.kind in ('r', 'v', 'm')), relationships as (select referenced.name as referenced_name, referenced.schema as referenced_schema_id, dependent_class.name as dependent_name, dependent_class.schema as dependent_schema_id from referenced join dependency on referenced.id = dependency.id join class as dependent_class on dependency.ref = dependent_class.id where (referenced.name != dependent_class.name or referenced.schema != dependent_class.schema)) select referenced_schema.name as referenced_schema, relationships.referenced_name, dependent_schema.name as dependent_schema, relationships.dependent_name from relationships join schema as dependent_schema on relationships.dependent_schema_id = dependent_schema.id join schema as referenced_schema on relationships.referenced_schema_id = referenced_schema.id group by 1, 2, 3, 4 order by 1, 2, 3, 4",
      "select sch.nspname as table_schema, tbl.relname as table_name, case tbl.relkind when 'v' then 'VIEW' when 'm' then 'MATERIALIZED VIEW' else 'BASE TABLE' end as table_type, tbl_desc.description as table_comment, col.attname as column_name, col.attnum as column_index, pg_catalog.format_type(col.atttypid, col.atttypmod) as column_type, col_desc.description as column_comment, pg_get_userbyid(tbl.relowner) is not null as table_owner from pg_catalog.pg_namespace sch join pg_catalog.pg_class tbl on tbl.relnamespace = sch.oid join pg_catalog.pg_attribute col on col.attrelid = tbl.oid left outer join pg_catalog.pg_description tbl_desc on (tbl_desc.objoid = tbl.oid and tbl_desc.objsubid = 0) left outer join pg_catalog.pg_description col_desc on (col_desc.objoid = tbl.oid and col_desc.objsubid = col.attnum) where (upper(sch.nspname) = upper('public')) and not pg_is_other_temp_schema(sch.oid) and tbl.relpersistence in ('p', 'u') and tbl.relkind in ('r', 'v', 'f', 'p', 'm') and col.attnum > 0 and not col.attisdropped order by sch.nspname, tbl.relname, col.attnum",
      "select column_name, data_type, character_maximum_length, numeric_precision, numeric_scale from information_schema.columns where table_name = 'orders' and table_schema = 'public' order by ordinal_position",
      'select count(*) as failures, count(*) != 0 as should_warn, count(*) != 0 as should_error from (select id from customers where id is null) dbt_internal_test',
      'select count(*) as failures from (select id as unique_field, count(*) as n_records from customers where id is not null group by id having count(*) > 1) dbt_internal_test',
      'select count(*) as failures from (with child as (select customer_id as from_field from orders where customer_id is not null), parent as (select id as to_field from customers) select from_field from child left join parent on child.from_field = parent.to_field where parent.to_field is null) dbt_internal_test',
      "with all_values as (select city as value_field, count(*) as n_records from customers group by city) select count(*) from all_values where value_field not in ('city 0', 'city 1')",
    ],
  },
  {
    name: 'PostgREST loads its schema cache and answers',
    steps: [
      "SELECT current_setting('server_version_num')::integer > 0, current_setting('server_version') is not null",
      `with role_setting as (select r.rolname, unnest(r.rolconfig) as setting from pg_auth_members m join pg_roles r on r.oid = m.roleid where member = current_user::regrole::oid),
        kv_settings as (select rolname, substr(setting, 1, strpos(setting, '=') - 1) as key, lower(substr(setting, strpos(setting, '=') + 1)) as value from role_setting)
        select kv.rolname, array_agg(row(kv.key, kv.value)::text) from kv_settings kv join pg_settings s on s.name = kv.key and s.context = 'user' group by kv.rolname`,
      `with recursive base_types as (
          select oid, typbasetype, typnamespace as base_namespace, coalesce(nullif(typbasetype, 0), oid) as base_type from pg_type
          union select t.oid, b.typbasetype, b.typnamespace, coalesce(nullif(b.typbasetype, 0), b.oid) from base_types t join pg_type b on t.typbasetype = b.oid),
        columns as (
          select nc.nspname::name as table_schema, c.relname::name as table_name, a.attname::name as column_name, d.description,
            case when t.typbasetype != 0 then pg_get_expr(t.typdefaultbin, 0) when a.attidentity = 'd' then format('nextval(%L)', seq.objid::regclass) when a.attgenerated = 's' then null else pg_get_expr(ad.adbin, ad.adrelid)::text end as column_default,
            not (a.attnotnull or t.typtype = 'd' and t.typnotnull) as is_nullable, case when t.typtype = 'd' then format_type(bt.base_type, null::integer) else format_type(a.atttypid, null::integer) end::text as data_type,
            information_schema._pg_char_max_length(information_schema._pg_truetypid(a.*, t.*), information_schema._pg_truetypmod(a.*, t.*))::integer as character_maximum_length,
            a.attnum::integer as position
          from pg_attribute a left join pg_description d on d.objoid = a.attrelid and d.objsubid = a.attnum and d.classoid = 'pg_class'::regclass left join pg_attrdef ad on a.attrelid = ad.adrelid and a.attnum = ad.adnum
          join pg_class c on a.attrelid = c.oid join pg_namespace nc on c.relnamespace = nc.oid join pg_type t on a.atttypid = t.oid left join base_types bt on t.oid = bt.oid left join pg_depend seq on seq.refobjid = a.attrelid and seq.refobjsubid = a.attnum and seq.deptype = 'i'
          where not pg_is_other_temp_schema(nc.oid) and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'v', 'f', 'm', 'p') and nc.nspname = any (array['public'])),
        columns_agg as (select table_schema, table_name, array_agg(row(column_name, description, is_nullable::boolean, data_type, character_maximum_length, column_default) order by position) as columns from columns group by table_schema, table_name)
        select n.nspname as table_schema, c.relname as table_name, d.description as table_description, c.relkind in ('v', 'm') as is_view,
          (c.relkind in ('r', 'p') or (c.relkind in ('v', 'f') and (pg_relation_is_updatable(c.oid::regclass, true) & 8) = 8)) as insertable, cardinality(coalesce(columns_agg.columns, '{}')) as columns
        from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_description d on d.objoid = c.oid and d.objsubid = 0 and d.classoid = 'pg_class'::regclass left join columns_agg on n.nspname = columns_agg.table_schema and c.relname = columns_agg.table_name
        where c.relkind in ('v', 'r', 'm', 'f', 'p') and n.nspname = 'public' order by table_schema, table_name`,
      `with views as (select c.oid as view_id, n.nspname as view_schema, c.relname as view_name, r.ev_action as view_definition from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_rewrite r on r.ev_class = c.oid where c.relkind in ('v', 'm') and n.nspname = 'public'),
        target_entries as (select view_id, view_name, (regexp_matches(view_definition::text, ':resorigtbl (\\d+) :resorigcol (\\d+)', 'g')) as origin from views)
        select view_name, origin[1]::oid::regclass::text as origin, origin[2]::int as col from target_entries where origin[1] <> '0' order by 1, 2, 3`,
      "select n.nspname as proc_schema, p.proname as proc_name, d.description, format_type(p.prorettype, null), p.proretset, p.provolatile, exists (select 1 from pg_proc_info where false) from pg_proc p join pg_namespace n on n.oid = p.pronamespace left join pg_description d on d.objoid = p.oid cross join lateral (select 1) l, lateral (select count(*) from unnest(coalesce(p.proargmodes, '{}')) m) x where n.nspname = 'public' order by 1, 2".replace(
        ', exists (select 1 from pg_proc_info where false)',
        '',
      ),
      'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY',
      {
        text: "select set_config('search_path', $1, true), set_config('request.jwt.claims', $2, true), set_config('request.method', $3, true), set_config('request.headers', $4, true)",
        values: ['"public"', '{"role":"anon"}', 'GET', '{"accept":"*/*"}'],
      },
      `with pgrst_source as (select "public"."orders"."id", "public"."orders"."total", row_to_json("orders_lines_1".*)::jsonb is not null as "lines" from "public"."orders" left join lateral (select count(*) as n from "public"."lines" as "lines_1" where "lines_1"."order_id" = "public"."orders"."id") as "orders_lines_1" on true order by 1 limit 3 offset 0)
        select null::bigint as total_result_set, pg_catalog.count(_postgrest_t) as page_total, coalesce(json_agg(_postgrest_t), '[]') as body, nullif(current_setting('response.headers', true), '') as response_headers from (select * from pgrst_source) _postgrest_t`,
      `with pgrst_source as (select "public"."customers"."id", "public"."customers"."name", "public"."customers"."city" from "public"."customers" where "public"."customers"."city" = 'city 3' order by id limit 5) select pg_catalog.count(_postgrest_t) as page_total, coalesce(json_agg(_postgrest_t), '[]') as body from (select * from pgrst_source) _postgrest_t`,
      'COMMIT',
    ],
  },
  {
    name: 'Hasura tracks tables and answers',
    steps: [
      'SELECT current_setting($$server_version_num$$)::int > 0',
      `select coalesce(json_agg(t order by t->>'name'), '[]') from (select json_build_object('name', c.relname, 'schema', n.nspname, 'columns', (select json_agg(json_build_object('name', a.attname, 'position', a.attnum, 'type', ty.typname, 'is_nullable', not a.attnotnull, 'description', col_description(a.attrelid, a.attnum)) order by a.attnum) from pg_attribute a join pg_type ty on ty.oid = a.atttypid where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), 'primary_key', (select json_agg(a.attname order by a.attnum) from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey) where i.indrelid = c.oid and i.indisprimary), 'view_info', case when c.relkind = 'v' then json_build_object('is_updatable', (pg_relation_is_updatable(c.oid, false) & 4) = 4) end) as t from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and c.relkind in ('r', 'v', 'm', 'p')) q`,
      'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY',
      `SELECT coalesce(json_agg("root"), '[]') AS "root" FROM (SELECT row_to_json((SELECT "_e" FROM (SELECT "_root.base"."id" AS "id", "_root.base"."total" AS "total", "_root.or.customer"."customer" AS "customer") AS "_e")) AS "root" FROM (SELECT * FROM "public"."orders" WHERE (("public"."orders"."paid") = (('true')::boolean)) ORDER BY id LIMIT 3) AS "_root.base" LEFT OUTER JOIN LATERAL (SELECT row_to_json((SELECT "_e" FROM (SELECT "_c"."id" AS "id", "_c"."name" AS "name") AS "_e")) AS "customer" FROM (SELECT * FROM "public"."customers" WHERE (("_root.base"."customer_id") = ("id")) LIMIT 1) AS "_c") AS "_root.or.customer" ON ('true') ORDER BY "_root.base"."id") AS "_root"`,
      `SELECT json_build_object('aggregate', json_build_object('count', COUNT(*), 'max', json_build_object('age', max("age")))) AS "root" FROM (SELECT * FROM "public"."customers" WHERE ('true')) AS "_root.base"`,
      'COMMIT',
    ],
  },
];
