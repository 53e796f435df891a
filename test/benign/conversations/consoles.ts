/** What consoles for people send when they connect, fill their trees and complete names: one connection each. */
import type { Conversation } from '../conversation.ts';

const COLUMNS_OF_PUBLIC = `select nsp.nspname as table_schema, cls.relname as table_name, att.attname as column_name, att.atttypid::regtype::text as type_name, att.atthasdef as has_default, pg_catalog.pg_get_expr(def.adbin, def.adrelid, true) as default
  from pg_catalog.pg_attribute att inner join pg_catalog.pg_class cls on att.attrelid = cls.oid inner join pg_catalog.pg_namespace nsp on cls.relnamespace = nsp.oid
  left outer join pg_attrdef def on def.adrelid = att.attrelid and def.adnum = att.attnum
  where cls.relkind = any (array['r', 'v', 'm', 'p', 'f']) and not att.attisdropped and att.attnum > 0 and nsp.nspname = 'public' order by 1, 2, att.attnum`;

export const CONSOLES: readonly Conversation[] = [
  {
    name: 'pgAdmin connects and fills its tree',
    steps: [
      "SET DateStyle=ISO; SET client_min_messages=notice; SELECT set_config('bytea_output','hex',false) FROM pg_show_all_settings() WHERE name = 'bytea_output'; SET client_encoding='utf-8';",
      'SELECT version() IS NOT NULL',
      "SELECT db.oid > 0 as did, db.datname, db.datallowconn, pg_encoding_to_char(db.encoding) AS serverencoding, has_database_privilege(db.oid, 'CREATE') as cancreate, datistemplate FROM pg_catalog.pg_database db WHERE db.datname = current_database()",
      'SELECT roles.rolname as name, roles.rolsuper as is_superuser, CASE WHEN roles.rolsuper THEN true ELSE roles.rolcreaterole END as can_create_role, CASE WHEN roles.rolsuper THEN true ELSE roles.rolcreatedb END as can_create_db FROM pg_catalog.pg_roles as roles WHERE rolname = current_user',
      'SELECT usename = current_user, gss_authenticated AS gss FROM pg_catalog.pg_stat_gssapi JOIN pg_catalog.pg_stat_activity USING (pid) WHERE pid = pg_backend_pid()',
      'SELECT CASE WHEN usesuper THEN pg_catalog.pg_is_in_recovery() ELSE FALSE END as inrecovery, CASE WHEN usesuper THEN false ELSE false END as isreplaypaused FROM pg_catalog.pg_user WHERE usename = current_user',
      "SELECT nsp.oid > 0, nsp.nspname as name, pg_catalog.has_schema_privilege(nsp.oid, 'CREATE') as can_create, pg_catalog.has_schema_privilege(nsp.oid, 'USAGE') as has_usage, des.description FROM pg_catalog.pg_namespace nsp LEFT OUTER JOIN pg_catalog.pg_description des ON (des.objoid=nsp.oid AND des.classoid='pg_namespace'::regclass) WHERE nspname NOT LIKE E'pg\\\\_%' AND NOT (nsp.nspname = 'information_schema' AND EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'tables' AND relnamespace = nsp.oid LIMIT 1)) ORDER BY nspname",
      "SELECT rel.relname AS name, (SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgrelid=rel.oid AND tgisinternal = FALSE) AS triggercount, (SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgrelid=rel.oid AND tgisinternal = FALSE AND tgenabled = 'O') AS has_enable_triggers, rel.relispartition AS is_partition, (SELECT count(1) FROM pg_catalog.pg_inherits WHERE inhrelid=rel.oid LIMIT 1) as is_inherits, (SELECT count(1) FROM pg_catalog.pg_inherits WHERE inhparent=rel.oid LIMIT 1) as is_inherited, des.description FROM pg_catalog.pg_class rel LEFT OUTER JOIN pg_catalog.pg_description des ON (des.objoid=rel.oid AND des.objsubid = 0 AND des.classoid='pg_class'::regclass) WHERE rel.relkind IN ('r','s','t','p') AND rel.relnamespace = 'public'::regnamespace ORDER BY rel.relname",
      "SELECT DISTINCT att.attname as name, att.attnum, pg_catalog.format_type(ty.oid,NULL) AS displaytypname, CASE WHEN ty.typelem > 0 THEN ty.typelem > 0 ELSE ty.oid > 0 END as elem, col.collname, pg_catalog.format_type(ty.oid,att.atttypmod) AS cltype, att.attnotnull, (SELECT count(1) FROM pg_catalog.pg_constraint WHERE conrelid=att.attrelid AND contype='p' AND att.attnum = ANY (conkey)) > 0 AS is_pk FROM pg_catalog.pg_attribute att JOIN pg_catalog.pg_type ty ON ty.oid=atttypid LEFT OUTER JOIN pg_catalog.pg_collation col ON att.attcollation=col.oid WHERE att.attrelid = 'customers'::regclass AND att.attnum > 0 AND att.attisdropped IS FALSE ORDER BY att.attnum",
      "SELECT pg_catalog.pg_get_constraintdef(con.oid, true), con.conname, pg_catalog.pg_get_indexdef(con.conindid) FROM pg_catalog.pg_constraint con WHERE con.conrelid = 'lines'::regclass and con.contype in ('p', 'f') ORDER BY con.conname",
    ],
  },
  {
    name: 'pgAdmin draws its dashboard',
    steps: [
      'SELECT \'session_stats\' AS chart_name, pg_catalog.row_to_json(t) is not null AS chart_data FROM (SELECT (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = (SELECT datname FROM pg_catalog.pg_database WHERE datname = current_database())) AS "Total", (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = \'active\') AS "Active", (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = \'idle\') AS "Idle") t',
      'SELECT sum(xact_commit) + sum(xact_rollback) > 0, sum(tup_inserted) >= 0 FROM pg_catalog.pg_stat_database WHERE datname = current_database()',
      "SELECT pid = pg_backend_pid() as own, datname, client_addr is null or true, backend_start < now() + interval '1 min', state, wait_event_type is null, pg_catalog.pg_blocking_pids(pid) AS blocking_pids FROM pg_catalog.pg_stat_activity WHERE pid = pg_backend_pid()",
      "SELECT pid = pg_backend_pid(), locktype, datname, relation::regclass::text, mode, granted, fastpath FROM pg_catalog.pg_locks l LEFT OUTER JOIN pg_catalog.pg_database d ON (l.database = d.oid) WHERE pid = pg_backend_pid() and relation = 'pg_locks'::regclass",
      'SELECT name, category, setting, unit, short_desc FROM pg_catalog.pg_settings where context = $$user$$ and name like $$enable%$$ ORDER BY category, name',
      'SELECT slot_name, slot_type, active FROM pg_catalog.pg_replication_slots',
    ],
  },
  {
    name: 'DataGrip introspects a schema',
    steps: [
      'SET extra_float_digits = 3',
      "SET application_name = 'DataGrip 2024.1'",
      'select version() is not null',
      'select current_database() as a, current_schemas(false) as b',
      'SHOW TRANSACTION ISOLATION LEVEL',
      "select round(extract(epoch from pg_postmaster_start_time() at time zone 'UTC')) > 0 as startup_time",
      'select L.transactionid::varchar::bigint > 0 as transaction_id from pg_catalog.pg_locks L where L.transactionid is not null order by pg_catalog.age(L.transactionid) desc limit 1',
      'select case when pg_catalog.pg_is_in_recovery() then null else (pg_catalog.txid_current() % (2^32)::bigint) > 0 end as current_txid',
      'select N.oid::bigint > 0 as id, datname as name, D.description, datistemplate as is_template, datallowconn as allow_connections, pg_catalog.pg_get_userbyid(N.datdba) = current_user as owner from pg_catalog.pg_database N left join pg_catalog.pg_shdescription D on N.oid = D.objoid where datname = current_database()',
      'select N.xmin::varchar::bigint > 0 as state_number, nspname as name, pg_catalog.pg_get_userbyid(N.nspowner) is not null as owner from pg_catalog.pg_namespace N left join pg_catalog.pg_description D on N.oid = D.objoid order by case when nspname = pg_catalog.current_schema() then -1::bigint else N.oid::bigint end limit 1',
      "select T.relkind as table_kind, T.relname as table_name, T.xmin::varchar::bigint > 0 as table_state_number, T.relpersistence = 't' as table_persistence, pg_catalog.pg_get_partkeydef(T.oid), T.reloptions as options, (select pg_catalog.array_agg(inhparent::regclass::text order by inhseqno)::varchar from pg_catalog.pg_inherits where T.oid = inhrelid) as ancestors, (select amname from pg_catalog.pg_am where oid = relam) as am, relhassubclass as has_partitions from pg_catalog.pg_class T where relnamespace = 'public'::regnamespace and relkind in ('r', 'm', 'v', 'f', 'p') order by table_kind, table_name",
      "with T as (select distinct T.oid as table_id, T.relname as table_name from pg_catalog.pg_class T, pg_catalog.pg_attribute A where T.relnamespace = 'public'::regnamespace and T.relkind in ('r', 'm', 'v', 'f', 'p') and A.attrelid = T.oid) select T.table_name, C.attnum as column_position, C.attname as column_name, C.atttypmod as type_mod, C.attndims as dimensions_number, pg_catalog.format_type(C.atttypid, C.atttypmod) as type_spec, C.attnotnull as mandatory, coalesce(C.attidentity, '') as ident, pg_catalog.pg_get_expr(D.adbin, T.table_id) as column_default_expression, not C.attislocal as column_is_inherited from T join pg_catalog.pg_attribute C on T.table_id = C.attrelid left join pg_catalog.pg_attrdef D on (C.attrelid, C.attnum) = (D.adrelid, D.adnum) where attnum > 0 and not C.attisdropped order by table_name, attnum",
      "select T.relname, I.relname, ind.indisunique, pg_catalog.pg_get_expr(ind.indpred, ind.indrelid) as condition, (select array_agg(pg_catalog.pg_get_indexdef(ind.indexrelid, k, true) order by k) from generate_series(1, ind.indnatts) k) as cols, pg_catalog.pg_indexam_has_property(am.oid, 'can_order') as can_order from pg_catalog.pg_index ind join pg_catalog.pg_class T on T.oid = ind.indrelid join pg_catalog.pg_class I on I.oid = ind.indexrelid join pg_catalog.pg_am am on am.oid = I.relam where T.relnamespace = 'public'::regnamespace order by 1, 2",
      "select T.relname as view_name, pg_catalog.pg_get_viewdef(T.oid, true) as source_text from pg_catalog.pg_class T where T.relnamespace = 'public'::regnamespace and T.relkind in ('v', 'm') order by 1",
      "select F.proname, pg_catalog.pg_get_function_arguments(F.oid), pg_catalog.pg_get_function_result(F.oid), F.provolatile, lanname, prosrc from pg_catalog.pg_proc F join pg_catalog.pg_language L on L.oid = F.prolang where F.pronamespace = 'public'::regnamespace and prokind <> 'a' order by 1",
      "select T.relname, acl.privilege_type, acl.is_grantable from pg_catalog.pg_class T, lateral aclexplode(coalesce(T.relacl, acldefault('r', T.relowner))) acl where T.relname = 'orders' order by 2",
      'select proname, tgname, pg_catalog.pg_get_triggerdef(tg.oid) from pg_catalog.pg_trigger tg join pg_catalog.pg_proc p on p.oid = tg.tgfoid where not tgisinternal order by 2',
    ],
  },
  {
    name: 'DBeaver opens a table and its statistics',
    steps: [
      'SET search_path = public,public,"$user"',
      "SELECT c.relname, pg_catalog.pg_total_relation_size(c.oid) > 0 as total_rel_size, pg_catalog.pg_relation_size(c.oid) >= 0 as rel_size, c.reltuples >= -1 FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind in ('r', 'm', 'p') order by 1",
      "SELECT c.conname, c.contype, c.conkey, t.relname as tabrelname, rt.relname as refrelname, pg_catalog.pg_get_constraintdef(c.oid) as consrc_copy FROM pg_catalog.pg_constraint c INNER JOIN pg_catalog.pg_class t ON t.oid=c.conrelid LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid = c.confrelid WHERE t.relname='orders' ORDER BY c.conname",
      "select i.indrelid::regclass::text, i.indkey::text, i.indclass::text, i.indoption::text, pg_catalog.pg_get_expr(i.indpred, i.indrelid) as pred_expr, pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) as expr, c.relname, dsc.description from pg_catalog.pg_index i inner join pg_catalog.pg_class c on c.oid = i.indexrelid left outer join pg_catalog.pg_description dsc on i.indexrelid = dsc.objoid where i.indrelid = 'orders'::regclass order by c.relname",
      "SELECT DISTINCT dep.deptype, cl.relname, cl.relkind FROM pg_depend dep LEFT JOIN pg_class cl ON dep.objid = cl.oid LEFT JOIN pg_attribute att ON dep.objid = att.attrelid AND dep.objsubid = att.attnum WHERE dep.refobjid = 'products'::regclass AND cl.relname IS NOT NULL ORDER BY dep.deptype, cl.relname",
      'SELECT x.* FROM public.orders x ORDER BY x.id LIMIT 20',
      {
        text: 'SELECT x.* FROM public.customers x ORDER BY x.id LIMIT 20',
        masked: ['email', 'phone', 'ssn'],
      },
      'SELECT count(*) AS total FROM public.customers x',
      'EXPLAIN (FORMAT JSON, COSTS FALSE) SELECT x.id, x.city FROM public.customers x',
    ],
  },
  {
    name: 'pgcli completes names',
    steps: [
      'SELECT unnest(current_schemas(true))',
      'SELECT nspname FROM pg_catalog.pg_namespace ORDER BY 1',
      "SELECT n.nspname schema_name, c.relname table_name FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = ANY('{r,p,f}') and n.nspname !~ '^pg_' ORDER BY 1,2",
      COLUMNS_OF_PUBLIC,
      "SELECT s_p.nspname AS parentschema, t_p.relname AS parenttable, unnest((select array_agg(attname ORDER BY i) from (select unnest(confkey) as attnum, generate_subscripts(confkey, 1) as i) x JOIN pg_catalog.pg_attribute c USING(attnum) WHERE c.attrelid = fk.confrelid)) AS parentcolumn, s_c.nspname AS childschema, t_c.relname AS childtable, unnest((select array_agg(attname ORDER BY i) from (select unnest(conkey) as attnum, generate_subscripts(conkey, 1) as i) x JOIN pg_catalog.pg_attribute c USING(attnum) WHERE c.attrelid = fk.conrelid)) AS childcolumn FROM pg_catalog.pg_constraint fk JOIN pg_catalog.pg_class t_p ON t_p.oid = fk.confrelid JOIN pg_catalog.pg_namespace s_p ON s_p.oid = t_p.relnamespace JOIN pg_catalog.pg_class t_c ON t_c.oid = fk.conrelid JOIN pg_catalog.pg_namespace s_c ON s_c.oid = t_c.relnamespace WHERE fk.contype = 'f' order by 2, 5, 6",
      "SELECT n.nspname schema_name, p.proname func_name, p.proargnames, COALESCE(proallargtypes::regtype[], proargtypes::regtype[])::text[], p.proargmodes, prorettype::regtype::text return_type, p.prokind = 'a' is_aggregate, p.prokind = 'w' is_window, p.proretset is_set_returning, d.deptype = 'e' is_extension, pg_get_expr(proargdefaults, 0) AS arg_defaults FROM pg_catalog.pg_proc p INNER JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace LEFT JOIN pg_depend d ON d.objid = p.oid and d.deptype = 'e' WHERE p.prorettype::regtype != 'trigger'::regtype AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2",
      "SELECT n.nspname schema_name, t.typname type_name FROM pg_catalog.pg_type t INNER JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE (t.typrelid = 0 OR (SELECT c.relkind = 'c' FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid)) AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_type el WHERE el.oid = t.typelem AND el.typarray = t.oid) AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' ORDER BY 1, 2",
      "WITH word_re as (select '\\w+'::text as re) SELECT DISTINCT unnest(regexp_matches(p.prosrc, (select re from word_re), 'g')) as word FROM pg_proc p where p.proname = 'touch' order by 1",
      'SELECT d.datname FROM pg_catalog.pg_database d ORDER BY 1',
      'SELECT rolsuper FROM pg_roles WHERE rolname = current_user',
    ],
  },
];
