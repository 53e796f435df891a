/** What statements do: `actions, sorted | sql`, or `actions = command | sql`. */
export const READS = `
read = select | SELECT 1
read = select | SELECT * FROM customers WHERE id = 1
read = select | TABLE customers
read = values | VALUES (1), (2)
read | SELECT id FROM a UNION SELECT id FROM b
read | WITH x AS (SELECT 1 AS n) SELECT n FROM x
read | SELECT * FROM customers FOR UPDATE
read | SELECT * FROM customers c FOR NO KEY UPDATE OF c SKIP LOCKED
read | SELECT count(*) FROM customers GROUP BY city HAVING count(*) > 3
read | SELECT json_agg(c) FROM customers c
read | SELECT * FROM generate_series(1, 10)
read | SELECT nextval('s')
read | SELECT current_setting('search_path')
read | SELECT pg_sleep(1)
read | SELECT * FROM JSON_TABLE('[]', '$[*]' COLUMNS (a int PATH '$.a')) AS jt
read | SELECT * FROM XMLTABLE('/r' PASSING '<r/>' COLUMNS a int PATH 'a')
read | SELECT 'DROP TABLE customers; COPY t TO PROGRAM x'
read | SELECT 1 -- ; DROP TABLE customers
read | SELECT /* ; TRUNCATE t */ 1
read = explain | EXPLAIN SELECT * FROM customers
read = explain | EXPLAIN DELETE FROM customers
read = explain | EXPLAIN (ANALYZE false, VERBOSE) DELETE FROM customers
read = explain | EXPLAIN (ANALYZE off) DELETE FROM customers
read = explain | EXPLAIN (ANALYZE 0) DELETE FROM customers
read = explain | EXPLAIN CREATE TABLE x AS SELECT 1
read = explain | EXPLAIN (ANALYZE) SELECT 1
read = explain | EXPLAIN ANALYZE VERBOSE SELECT * FROM customers
read = fetch | FETCH 10 FROM c
read = fetch | FETCH ALL IN c
read = move | MOVE FORWARD 5 FROM c
`;

export const WRITES = `
write = insert | INSERT INTO t VALUES (1)
write = insert | INSERT INTO t DEFAULT VALUES
read write = insert | INSERT INTO t SELECT * FROM s
write = insert | INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2
write = update | UPDATE t SET a = 1 WHERE id = 1
write! = update | UPDATE t SET a = 1
write = delete | DELETE FROM t WHERE id = $1
write! = delete | DELETE FROM t
write! = delete | DELETE FROM ONLY t
write! = truncate | TRUNCATE t
write! = truncate | TRUNCATE TABLE ONLY a, b RESTART IDENTITY CASCADE
write = merge | MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = s.a
write = merge | MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id)
write! = merge | MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE
write! = merge | MERGE INTO t USING s ON 1 = 1 WHEN MATCHED THEN UPDATE SET a = 1
write = merge | MERGE INTO t USING s ON true WHEN MATCHED AND t.id = 5 THEN DELETE
write! = merge | MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE
write = merge | MERGE INTO t USING s ON true WHEN NOT MATCHED THEN INSERT VALUES (1)
write = merge | MERGE INTO t USING s ON true WHEN MATCHED THEN DO NOTHING
write = lock | LOCK TABLE t IN ACCESS EXCLUSIVE MODE
write = copy from | COPY t FROM STDIN
write = copy from | COPY t (a, b) FROM STDIN WITH (FORMAT csv)
code write = copy from | COPY t FROM '/etc/passwd'
code write = copy from | COPY t FROM PROGRAM 'id'
read write! | WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d
read write! | SELECT * FROM (SELECT 1) x WHERE EXISTS (WITH d AS (UPDATE t SET a = 1 RETURNING 1) SELECT * FROM d)
write write! = insert | WITH d AS (DELETE FROM t RETURNING 1) INSERT INTO u VALUES (1)
write! = explain | EXPLAIN ANALYZE DELETE FROM t
write! = explain | EXPLAIN (VERBOSE, ANALYZE) DELETE FROM t
write! = explain | EXPLAIN (ANALYZE true) DELETE FROM t
write! = explain | EXPLAIN (ANALYZE on) DELETE FROM t
write! = explain | EXPLAIN (ANALYZE 1) DELETE FROM t
session write! = prepare | PREPARE p AS DELETE FROM t
read write | SELECT setval('s', 5)
read write | SELECT lo_from_bytea(0, 'x')
read write | SELECT lo_put(1, 0, 'x')
read write | SELECT lowrite(0, 'x')
read write | SELECT lo_creat(-1)
read write | SELECT lo_create(0)
read write | SELECT lo_unlink(1)
privilege write | UPDATE pg_authid SET rolsuper = true WHERE rolname = 'x'
privilege write | INSERT INTO pg_catalog.pg_proc SELECT 1
privilege write! | DELETE FROM pg_largeobject
config write | UPDATE pg_settings SET setting = 'x' WHERE name = 'role'
config write | UPDATE pg_catalog.pg_settings SET setting = 'x' WHERE name = 'role'
`;

export const EXPORTS = `
export = copy to | COPY t TO STDOUT
export = copy to | COPY t (a, b) TO STDOUT CSV HEADER
export = copy to | COPY BINARY t TO STDOUT
export = copy to | COPY t TO STDOUT WITH (FORMAT csv, DELIMITER ';')
export read = copy to | COPY (SELECT * FROM t) TO STDOUT
export read = copy to | COPY (TABLE t) TO STDOUT
export read = copy to | COPY (VALUES (1)) TO STDOUT
export write! = copy to | COPY (DELETE FROM t RETURNING *) TO STDOUT
export write = copy to | COPY (INSERT INTO t VALUES (1) RETURNING *) TO STDOUT
code export = copy to | COPY t TO '/srv/x'
code export = copy to | COPY t TO PROGRAM 'cat'
code export read = copy to | COPY (SELECT 1) TO PROGRAM 'curl x'
export unknown = copy to | COPY t TO STDOUT (ENCODING 'latin1')
export = copy to | COPY t TO STDOUT (ENCODING 'UTF8')
ddl export read = select into | SELECT * INTO x FROM t
ddl export read = select into | SELECT * INTO TEMP x FROM t
ddl export read = create table as | CREATE TABLE x AS SELECT * FROM t
ddl export read = create table as | CREATE TEMP TABLE x AS TABLE t
ddl export read = create table as | CREATE UNLOGGED TABLE x AS SELECT 1 WITH NO DATA
ddl export session = create table as | CREATE TABLE x AS EXECUTE p
ddl export read = create materialized view | CREATE MATERIALIZED VIEW x AS SELECT * FROM t
ddl export read = explain | EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1
export read | SELECT lo_get(1)
export read | SELECT pg_catalog.lo_get(1, 0, 5)
export read | SELECT lo_open(1, 262144)
export read | SELECT loread(0, 100)
code export read | SELECT lo_export(1, '/srv/x')
code export read | SELECT lo_import('/etc/passwd')
export read | SELECT pg_read_file('postgresql.conf')
export read | SELECT PG_READ_FILE('x')
export read | SELECT "pg_read_file"('x')
export read | SELECT pg_catalog.pg_read_binary_file('x')
export read | SELECT * FROM pg_ls_dir('.')
export read | SELECT * FROM pg_ls_waldir()
export read | SELECT * FROM pg_ls_logdir()
export read | SELECT (pg_stat_file('x')).size
export read | SELECT pg_file_read('x', 0, 1)
code read | SELECT pg_file_write('x', 'y', false)
code read | SELECT pg_file_unlink('x')
code export read | SELECT * FROM dblink('host=x', 'SELECT 1') AS t(a int)
code export read | SELECT dblink_connect('x')
code export read | SELECT public.dblink_exec('x', 'y')
code export read | SELECT postgres_fdw_disconnect_all()
code export read | SELECT query_to_xml('SELECT 1', true, true, '')
code export read | SELECT query_to_xml_and_xmlschema('SELECT 1', true, true, '')
code export read | SELECT table_to_xml('t', true, true, '')
code export read | SELECT schema_to_xml('public', true, true, '')
code export read | SELECT database_to_xml(true, true, '')
code export read | SELECT database_to_xml_and_xmlschema(true, true, '')
code export read | SELECT cursor_to_xml('c', 5, true, true, '')
code read | SELECT * FROM ts_stat('SELECT v FROM t')
code read | SELECT * FROM xpath_table('a', 'b', 'c', 'd', 'e') AS t(a int)
code read | SELECT * FROM crosstab('SELECT 1') AS ct(a int)
code read | SELECT * FROM crosstab3('SELECT 1')
code read | SELECT * FROM connectby('t', 'a', 'b', 'c', 0) AS t(a int)
code read | SELECT ts_rewrite('a'::tsquery, 'SELECT t, s FROM aliases')
read | SELECT ts_rewrite('a'::tsquery, 'b'::tsquery, 'c'::tsquery)
export read | SELECT * FROM pg_logical_slot_get_changes('s', NULL, NULL)
export read | SELECT * FROM pg_logical_slot_peek_binary_changes('s', NULL, NULL)
export read | SELECT pg_create_logical_replication_slot('s', 'pgoutput')
export read | SELECT pg_create_physical_replication_slot('s')
export read | SELECT pg_replication_slot_advance('s', '0/0')
export read | SELECT * FROM heap_page_items(get_raw_page('t', 0))
export read | SELECT * FROM pg_stat_get_activity(NULL)
export read | SELECT pg_stat_get_backend_activity(1)
code export read | SELECT http_get('http://x')
code export read | SELECT aws_s3.query_export_to_s3('SELECT 1', 'x')
code export read | SELECT cron.schedule('x', 'y', 'z')
# attribute notation calls functions
export read | SELECT x.pg_read_file FROM unnest(ARRAY['/etc/passwd']) x
export read | SELECT ('/etc/passwd'::text).pg_read_file
export read | SELECT (16384::oid).lo_get
# wherever an expression can stand
export read | SELECT 1 ORDER BY pg_read_file('x')
export read | SELECT 1 LIMIT length(pg_read_file('x'))
export write | INSERT INTO t VALUES (pg_read_file('x'))
export write | UPDATE t SET a = pg_read_file('x') WHERE id = 1
ddl export | CREATE TABLE t (a text DEFAULT pg_read_file('x'))
ddl export | CREATE VIEW v AS SELECT pg_read_file('x')
export session | EXECUTE p(pg_read_file('x'))
export read = explain | EXPLAIN SELECT pg_read_file('x')
`;

export const PRIVILEGES = `
privilege = grant | GRANT SELECT ON t TO x
privilege = grant | GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC
privilege = grant | GRANT a TO b
privilege = grant | GRANT pg_read_server_files TO b WITH ADMIN OPTION
privilege = revoke | REVOKE SELECT ON t FROM x
privilege = revoke | REVOKE a FROM b
privilege = alter default privileges | ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO x
privilege = create role | CREATE ROLE x SUPERUSER PASSWORD 'y'
privilege = create user | CREATE USER x
privilege = create group | CREATE GROUP x
privilege = alter role | ALTER ROLE x PASSWORD 'y'
privilege = alter role | ALTER USER x SUPERUSER
privilege = alter role | ALTER GROUP a ADD USER b
config privilege = alter role | ALTER ROLE x SET search_path = y
config privilege = alter role | ALTER ROLE ALL IN DATABASE d RESET ALL
privilege = drop role | DROP ROLE x
privilege = drop role | DROP USER IF EXISTS x
ddl privilege = alter role | ALTER ROLE x RENAME TO y
privilege = set role | SET ROLE x
privilege = set role | SET ROLE NONE
privilege = set role | SET LOCAL ROLE x
privilege = set role | SET "role" = 'x'
session = set role | SET role TO DEFAULT
session = reset role | RESET ROLE
privilege = set role | SET role FROM CURRENT
privilege = set session authorization | SET SESSION AUTHORIZATION x
session = set session authorization | SET SESSION AUTHORIZATION DEFAULT
session = reset session authorization | RESET SESSION AUTHORIZATION
privilege = set session authorization | SET session_authorization = x
privilege = set | SET row_security = off
privilege read | SELECT set_config('role', 'x', false)
privilege read | SELECT set_config('ROLE', 'x', false)
privilege read | SELECT set_config('role', 'none', false)
privilege read | SELECT set_config('role', $1, false)
read session | SELECT set_config('role', NULL, false)
privilege read | SELECT pg_catalog.set_config('role'::text, 'x', false)
privilege read | SELECT set_config(setting_name => 'role', new_value => 'x', is_local => false)
privilege read | SELECT set_config(new_value => 'x', is_local => false, setting_name => 'session_authorization')
privilege read | SELECT 1 WHERE set_config('session_authorization', 'x', true) IS NULL
privilege read | SELECT set_config('row_security', 'off', false)
privilege = reassign owned | REASSIGN OWNED BY a TO b
ddl privilege = drop owned | DROP OWNED BY a
privilege = security label | SECURITY LABEL ON TABLE t IS 'x'
ddl privilege = alter table | ALTER TABLE t OWNER TO x
ddl privilege = alter schema | ALTER SCHEMA s OWNER TO x
ddl privilege = alter function | ALTER FUNCTION f() OWNER TO x
ddl privilege = alter database | ALTER DATABASE d OWNER TO x
ddl privilege = alter table | ALTER TABLE t ENABLE ROW LEVEL SECURITY
ddl privilege = alter table | ALTER TABLE t DISABLE ROW LEVEL SECURITY
ddl privilege = alter table | ALTER TABLE t FORCE ROW LEVEL SECURITY
ddl privilege = alter table | ALTER TABLE t NO FORCE ROW LEVEL SECURITY
ddl privilege = alter table | ALTER TABLE t ADD COLUMN a int, DISABLE ROW LEVEL SECURITY
ddl privilege = create policy | CREATE POLICY p ON t USING (true)
ddl privilege = alter policy | ALTER POLICY p ON t USING (id IN (SELECT id FROM u))
ddl privilege = alter policy | ALTER POLICY p ON t RENAME TO q
ddl privilege = drop policy | DROP POLICY p ON t
ddl privilege = create user mapping | CREATE USER MAPPING FOR x SERVER s OPTIONS (password 'y')
ddl privilege = drop user mapping | DROP USER MAPPING FOR x SERVER s
`;

export const CODE_AND_CONFIG = `
code = do | DO $$ BEGIN END $$
code = do | DO LANGUAGE plpgsql 'BEGIN END'
code = call | CALL p(1)
code export = call | CALL p(pg_read_file('x'))
code = load | LOAD 'x'
code ddl = create function | CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'
code ddl = create function | CREATE OR REPLACE FUNCTION f() RETURNS int RETURN (SELECT 1)
code ddl = create function | CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC DELETE FROM t; SELECT 1; END
code ddl = create procedure | CREATE PROCEDURE p() LANGUAGE sql AS ''
code ddl = alter function | ALTER FUNCTION f() SECURITY DEFINER
code ddl = alter function | ALTER FUNCTION f() SET role = x
code ddl = create trigger | CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()
code ddl = create event trigger | CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()
code ddl = alter event trigger | ALTER EVENT TRIGGER e DISABLE
code ddl = create rule | CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM u
code ddl = create extension | CREATE EXTENSION dblink
code ddl = alter extension | ALTER EXTENSION x UPDATE
code ddl = create extension | CREATE LANGUAGE plpython3u
code ddl = create language | CREATE LANGUAGE x HANDLER h
code ddl = create operator | CREATE OPERATOR === (FUNCTION = f, LEFTARG = int, RIGHTARG = int)
code ddl = create aggregate | CREATE AGGREGATE a (int) (SFUNC = f, STYPE = int)
code ddl = create cast | CREATE CAST (a AS b) WITH FUNCTION f(a)
code ddl = create transform | CREATE TRANSFORM FOR t LANGUAGE l (FROM SQL WITH FUNCTION f(internal))
code ddl = create operator class | CREATE OPERATOR CLASS c FOR TYPE t USING btree AS OPERATOR 1 <
code ddl = create conversion | CREATE CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM f
code ddl = create access method | CREATE ACCESS METHOD a TYPE INDEX HANDLER h
code ddl = create foreign data wrapper | CREATE FOREIGN DATA WRAPPER w HANDLER h
code ddl = create type | CREATE TYPE t (INPUT = f, OUTPUT = g)
config = alter system | ALTER SYSTEM SET log_statement = 'all'
config = alter system | ALTER SYSTEM RESET ALL
config = alter database | ALTER DATABASE d SET search_path = x
config = checkpoint | CHECKPOINT
config = set | SET session_preload_libraries = 'x'
config = set | SET LOCAL local_preload_libraries = 'x'
config = set | SET dynamic_library_path = 'x'
config = set | SET session_replication_role = replica
config = set | SET SESSION_REPLICATION_ROLE TO 'replica'
config = set | SET log_statement = none
config = set | SET log_min_messages = debug5
config = set | SET debug_print_rewritten = on
config = set | SET debug_print_plan TO on
config = set | SET client_min_messages = log
config = set | SET client_min_messages TO DEBUG1
config = set | SET client_min_messages = 'DeBuG'
session = set | SET client_min_messages = warning
session = set | SET client_min_messages TO DEFAULT
config = set | SET track_activities = off
config = set | SET lo_compat_privileges = on
config = set | SET allow_system_table_mods = on
config = set | SET zero_damaged_pages = on
config = set | SET auto_explain.log_min_duration = 0
code = set | SET plperl.on_init = 'x'
config read | SELECT set_config('session_replication_role', 'replica', false)
config read | SELECT set_config('client_min_messages', 'debug1', false)
config read | SELECT set_config('client_min_messages', $1, false)
config read | SELECT set_config($1, 'x', false)
config read | SELECT set_config('ro' || 'le', 'x', false)
config read | SELECT set_config(name, 'x', false) FROM t
config read | SELECT set_config(VARIADIC ARRAY['role'])
config read | SELECT pg_reload_conf()
config read | SELECT pg_terminate_backend(1)
config read | SELECT pg_cancel_backend(pid) FROM t
config read | SELECT pg_rotate_logfile()
config read | SELECT pg_switch_wal()
config read | SELECT pg_promote()
config read | SELECT pg_stat_reset()
config read | SELECT pg_create_restore_point('x')
config read | SELECT pg_backup_start('x')
config read | SELECT pg_logical_emit_message(true, 'a', 'b')
config read | SELECT pg_log_backend_memory_contexts(1)
`;

export const SESSIONS = `
session = set | SET search_path = a, b
session = set | SET TIME ZONE 'UTC'
session = set | SET NAMES 'UTF8'
session = set | SET application_name TO 'x'
session = set | SET statement_timeout = 0
session = set transaction | SET TRANSACTION ISOLATION LEVEL SERIALIZABLE
session = set session characteristics | SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY
session = reset | RESET ALL
session = reset | RESET search_path
session = reset | RESET log_statement
session = set constraints | SET CONSTRAINTS ALL DEFERRED
session = show | SHOW search_path
session = show | SHOW ALL
session = begin | BEGIN
session = start transaction | START TRANSACTION READ ONLY
session = commit | COMMIT
session = commit | END
session = rollback | ABORT
session = rollback | ROLLBACK AND CHAIN
session = savepoint | SAVEPOINT s
session = release | RELEASE s
session = rollback to savepoint | ROLLBACK TO s
unknown = prepare transaction | PREPARE TRANSACTION 'x'
unknown = commit prepared | COMMIT PREPARED 'x'
unknown = rollback prepared | ROLLBACK PREPARED 'x'
read session = prepare | PREPARE p AS SELECT 1
read session write = prepare | PREPARE p (int) AS INSERT INTO t SELECT * FROM u WHERE id = $1
read session = declare | DECLARE c CURSOR FOR SELECT * FROM t
read session write! = declare | DECLARE c CURSOR WITH HOLD FOR WITH d AS (DELETE FROM t RETURNING 1) SELECT * FROM d
session = execute | EXECUTE p
session = execute | EXECUTE p(1, 'x')
session = explain | EXPLAIN ANALYZE EXECUTE p
read = explain | EXPLAIN EXECUTE p
session = deallocate | DEALLOCATE p
session = deallocate | DEALLOCATE ALL
session = close | CLOSE ALL
session = discard | DISCARD ALL
session = listen | LISTEN x
session = unlisten | UNLISTEN *
session = notify | NOTIFY x, 'y'
read session | SELECT pg_notify('a', 'b')
read session | SELECT pg_advisory_lock(1)
read session | SELECT pg_try_advisory_xact_lock_shared(1, 2)
read session | SELECT set_config('search_path', 'x', false)
read session | SELECT set_config('client_min_messages', 'error', false)
read session | SELECT setseed(0.5)
`;

export const DEFINITIONS = `
ddl = create table | CREATE TABLE t (a int)
ddl = create table | CREATE TEMP TABLE t (LIKE u INCLUDING ALL)
ddl = create table | CREATE TABLE t PARTITION OF u FOR VALUES IN (1)
ddl = create schema | CREATE SCHEMA s
ddl privilege = create schema | CREATE SCHEMA s CREATE TABLE t (a int) CREATE VIEW v AS SELECT 1 GRANT SELECT ON t TO x
ddl = create view | CREATE VIEW v AS SELECT * FROM t
ddl = create view | CREATE RECURSIVE VIEW v (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM v
ddl = create index | CREATE UNIQUE INDEX CONCURRENTLY i ON t (lower(a)) WHERE b > 0
ddl = create sequence | CREATE SEQUENCE s OWNED BY t.a
ddl = create domain | CREATE DOMAIN d AS int CHECK (VALUE > 0)
ddl = create type | CREATE TYPE e AS ENUM ('a')
ddl = create type | CREATE TYPE c AS (a int)
ddl = create type | CREATE TYPE r AS RANGE (SUBTYPE = int)
ddl = create database | CREATE DATABASE d
ddl = create tablespace | CREATE TABLESPACE s LOCATION '/x'
ddl = create statistics | CREATE STATISTICS s ON a, b FROM t
ddl = create collation | CREATE COLLATION c FROM "C"
ddl = create text search configuration | CREATE TEXT SEARCH CONFIGURATION c (COPY = x)
ddl = create server | CREATE SERVER s FOREIGN DATA WRAPPER w
ddl = create foreign table | CREATE FOREIGN TABLE t (a int) SERVER s
ddl = import foreign schema | IMPORT FOREIGN SCHEMA a FROM SERVER s INTO b
ddl export = create publication | CREATE PUBLICATION p FOR TABLE t
ddl export write = create subscription | CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p
ddl = alter table | ALTER TABLE t ADD COLUMN a int
ddl = alter table | ALTER TABLE t DROP COLUMN a
ddl = alter table | ALTER TABLE t RENAME TO u
ddl = alter table | ALTER TABLE t RENAME COLUMN a TO b
ddl = alter table | ALTER TABLE t SET SCHEMA s
ddl = alter table | ALTER TABLE t ATTACH PARTITION u DEFAULT
ddl = alter view | ALTER VIEW v ALTER COLUMN a SET DEFAULT 1
ddl = alter index | ALTER INDEX i RENAME TO j
ddl = alter sequence | ALTER SEQUENCE s RESTART
ddl = alter database | ALTER DATABASE d RENAME TO e
ddl = alter type | ALTER TYPE e ADD VALUE 'b'
ddl = alter domain | ALTER DOMAIN d SET NOT NULL
ddl = drop table | DROP TABLE IF EXISTS a, b CASCADE
ddl = drop view | DROP VIEW v
ddl = drop materialized view | DROP MATERIALIZED VIEW v
ddl = drop index | DROP INDEX CONCURRENTLY i
ddl = drop schema | DROP SCHEMA s CASCADE
ddl = drop database | DROP DATABASE d WITH (FORCE)
ddl = drop function | DROP FUNCTION f(int)
ddl = drop trigger | DROP TRIGGER g ON t
ddl = drop extension | DROP EXTENSION x
ddl = drop foreign data wrapper | DROP FOREIGN DATA WRAPPER w
ddl = drop type | DROP TYPE t
ddl = drop tablespace | DROP TABLESPACE s
ddl = drop subscription | DROP SUBSCRIPTION s
ddl = comment | COMMENT ON TABLE t IS 'x'
ddl = vacuum | VACUUM FULL t
ddl = analyze | ANALYZE t (a)
ddl = reindex | REINDEX TABLE t
ddl = cluster | CLUSTER t USING i
ddl write = refresh materialized view | REFRESH MATERIALIZED VIEW CONCURRENTLY v
`;
