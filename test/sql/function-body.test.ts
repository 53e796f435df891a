import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadParser, parsePlpgsql } from '../../src/sql/parser.ts';
import { readCheck, readExpressions, readPlpgsqlBody, readSqlBody } from '../../src/sql/function-body.ts';
import { PLPGSQL_NODES, readPlpgsqlTree } from '../../src/sql/plpgsql.ts';

await loadParser();

const define = (body: string, header = 'f(a integer) RETURNS integer'): string =>
  `CREATE OR REPLACE FUNCTION app.${header}\n LANGUAGE plpgsql\nAS $function$${body}$function$\n`;
const read = (body: string, header?: string) => readPlpgsqlBody(define(body, header));

/** Together they hold every kind of node that has a rule. */
const EVERY_NODE = `declare r record; b alias for a; x int := 1; c cursor (k int) for select 1; t orders%rowtype;
  begin r.y := 1; x := a; if a = 1 then x := 2; elsif a = 2 then x := 3; else x := 4; end if;
  case a when 1 then x := 1; else x := 2; end case;
  loop exit when true; end loop; while false loop x := 1; end loop; for i in 1..2 loop continue; end loop;
  for r in select 1 loop x := 1; end loop; for r in c(1) loop x := 1; end loop;
  foreach x in array array[1] loop x := 1; end loop; return next a; return query select 1;
  raise notice 'x %', a using hint = 'h'; assert true, 'm'; select 1 into x; perform 1; get diagnostics x = row_count;
  begin x := 1; exception when others then x := 2; end; return; end`;

function tagsIn(tree: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (typeof tree !== 'object' || tree === null) return found;
  for (const [key, value] of Object.entries(tree)) {
    if (key.startsWith('PLpgSQL_')) found.add(key);
    tagsIn(value, found);
  }
  return found;
}

/** Every object that stands for a node, to be spoilt one after another. */
function nodesIn(tree: unknown, found: Record<string, unknown>[] = []): Record<string, unknown>[] {
  if (typeof tree !== 'object' || tree === null) return found;
  const keys = Object.keys(tree);
  if (keys.length === 1 && keys[0]?.startsWith('PLpgSQL_') === true)
    found.push(tree as Record<string, unknown>);
  for (const value of Object.values(tree)) nodesIn(value, found);
  return found;
}

describe('PL/pgSQL bodies', () => {
  const parsed = parsePlpgsql(define(EVERY_NODE, 'f(a integer) RETURNS SETOF integer')) as {
    readonly plpgsql_funcs: readonly unknown[];
  };
  const tree = parsed.plpgsql_funcs[0];

  it('has a rule for every node of a function that uses them all, and for no other', () => {
    assert.deepEqual([...tagsIn(tree)].sort(), Object.keys(PLPGSQL_NODES).sort());
    assert.notEqual(readPlpgsqlTree(tree), null);
  });

  it('does not read a function with an unknown node or field anywhere', () => {
    const count = nodesIn(tree).length;
    assert.ok(count > 80);
    for (let at = 0; at < count; at++) {
      for (const spoil of ['tag', 'field'] as const) {
        const copy = structuredClone(tree);
        const node = nodesIn(copy)[at] as Record<string, Record<string, unknown>>;
        const [tag = ''] = Object.keys(node);
        // what is inside a row is names and numbers, and no node
        if (spoil === 'field') node[tag]!['dynquery'] = { PLpgSQL_expr: { query: '1', parseMode: 2 } };
        else {
          node['PLpgSQL_stmt_new'] = node[tag] ?? {};
          delete node[tag];
        }
        assert.equal(readPlpgsqlTree(copy), null, `${spoil} of ${tag}`);
      }
    }
  });

  const UNREAD: Readonly<Record<string, string>> = {
    execute: "begin execute 'select 1'; return 1; end",
    'execute in a loop': "declare r record; begin for r in execute 'x' loop return 1; end loop; end",
    'the word in a text that is no statement': 'declare execute int; begin return 1; end',
    call: 'begin call p(); return 1; end',
    do: 'begin do $x$ begin end $x$; return 1; end',
    commit: 'begin commit; return 1; end',
    'open and fetch': 'declare c refcursor; begin open c for select 1; fetch c into a; return a; end',
    'error code of data': "begin raise exception 'x' using errcode = a::text; end",
    write: 'begin insert into t values (a); return 1; end',
    setting: 'begin set search_path = x; return 1; end',
    'escaped name': 'begin return (select 1 from U&"\\0063"); end',
    'syntax error': 'begin return (; end',
    'nested too deeply': `${'begin '.repeat(3000)} null; ${'end; '.repeat(2999)} end`,
    'lock in a loop':
      'declare r record; begin for r in select 1 from t for share loop return 1; end loop; end',
    'notify by name': "begin perform pg_notify('a', 'b'); return 1; end",
  };
  for (const [name, body] of Object.entries(UNREAD))
    it(`does not read: ${name}`, () => assert.equal(read(body), null));

  it('still parses after a body that nests too deeply', () => {
    assert.equal(read(UNREAD['nested too deeply'] ?? ''), null);
    assert.notEqual(read('begin return a; end'), null);
  });

  it('finds every embedded text', () => {
    const body =
      read(`declare x int := one(); y int[]; begin y[two()] := three(); if four() then perform five(); end if;
      case six() when seven() then x := 1; else x := eight(); end case; while nine() loop x := ten(); end loop;
      for i in eleven()..twelve() by thirteen() loop exit when fourteen(); end loop; raise notice '%', fifteen();
      assert sixteen(), seventeen(); begin x := 1; exception when others then x := eighteen(); end; return nineteen(); end`);
    const called = new Set(body?.statements.flatMap(({ functions }) => functions.map(({ name }) => name)));
    assert.equal(called.size, 19, [...called].join(' '));
  });
});

describe('SQL bodies', () => {
  it('reads statements as text and as PostgreSQL writes them', () => {
    assert.equal(readSqlBody('select 1; select 2')?.statements.length, 2);
    assert.equal(readSqlBody('BEGIN ATOMIC\n SELECT 1;\n SELECT 2;\nEND')?.statements.length, 2);
    assert.equal(readSqlBody('RETURN (a + 1)')?.statements.length, 1);
    assert.equal(readSqlBody('')?.statements.length, 0);
  });

  for (const body of [
    'insert into t values (1)',
    'select 1; delete from t where a = 1',
    'with x as (update t set a = 1 returning a) select * from x',
    'select * from t for update',
    "select nextval('s')",
    'select (x).nextval from t x',
    'select pg_advisory_lock(1)',
    'create table t ()',
    'select 1 into t',
    'copy t to stdout',
    "select dblink('a', 'b')",
    'BEGIN ATOMIC\n INSERT INTO t VALUES (1);\nEND',
    'select (',
  ])
    it(`does not read: ${body.replaceAll('\n', ' ')}`, () => assert.equal(readSqlBody(body), null));

  it('reads defaults and checks', () => {
    assert.equal(readExpressions("1, app.f(2), 'x'::text")?.[0]?.functions.length, 1);
    assert.equal(readCheck('CHECK ((VALUE > 0)) NOT VALID')?.length, 1);
    assert.deepEqual(readCheck('NOT NULL'), []);
    assert.equal(readCheck('EXCLUDE'), null);
  });
});
