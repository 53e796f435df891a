/**
 * Conversations that must go through Postern as they go straight to a server: every answer equal byte for
 * byte, whatever pieces the bytes arrive in. Tables here have no masked columns, and nothing is held.
 */
import { bind, close, describe, execute, flush, frame, parse, query, sync } from './raw-client.ts';

export type Conversation = {
  readonly name: string;
  /** Sent in one piece or byte by byte; the last answers must have come before the next step. */
  readonly steps: readonly (readonly Buffer[])[];
};

const one = (...parts: readonly Buffer[]): readonly (readonly Buffer[])[] => [parts];
const terminate = frame('X', '');

export const CONVERSATIONS: readonly Conversation[] = [
  { name: 'a query', steps: one(query('select id, total from orders order by id limit 5')) },
  { name: 'several statements in one message', steps: one(query('select 1; select 2 as b, 3; select 4')) },
  {
    name: 'an empty query, blanks, a comment',
    steps: one(query(''), query('  '), query('-- nothing'), query(';;')),
  },
  { name: 'an error in the middle', steps: one(query('select 1; select 1/0; select 3'), query('select 4')) },
  {
    name: 'a failed transaction, then rollback',
    steps: one(query('begin'), query('select 1/0'), query('select 1'), query('rollback'), query('select 2')),
  },
  {
    name: 'Query in a healthy pipeline',
    steps: one(parse('select 1'), bind(), execute(), query('select 2'), sync()),
  },
  {
    name: 'Query in a pipeline that failed is ignored',
    steps: one(
      parse('select 1/0'),
      bind(),
      execute(),
      query('select 2'),
      query('select 3'),
      sync(),
      query('select 4'),
    ),
  },
  {
    name: 'named and unnamed statements',
    steps: one(
      parse('select $1::int + 1', 's'),
      describe('S', 's'),
      sync(),
      bind({ statement: 's', values: ['41'] }),
      describe('P'),
      execute(),
      sync(),
      parse('select 7'),
      bind(),
      execute(),
      sync(),
      bind(),
      execute(),
      sync(),
    ),
  },
  {
    name: 'binary results',
    steps: one(
      parse('select id, total, note from orders where id < 4 order by id', 'b'),
      describe('S', 'b'),
      sync(),
      bind({ statement: 'b', resultFormats: [1] }),
      execute(),
      sync(),
      bind({ statement: 'b', resultFormats: [0, 1, 0] }),
      describe('P'),
      execute(),
      sync(),
    ),
  },
  {
    name: 'row limits, suspension and resumption',
    steps: one(
      parse('select id from orders order by id limit 7'),
      bind({ portal: 'p' }),
      execute('p', 3),
      execute('p', 3),
      describe('P', 'p'),
      execute('p', 3),
      execute('p', 3),
      sync(),
    ),
  },
  {
    name: 'a portal that lives across Syncs in a transaction',
    steps: one(
      query('begin'),
      parse('select id from orders order by id limit 5'),
      bind({ portal: 'p' }),
      execute('p', 2),
      sync(),
      execute('p', 2),
      sync(),
      execute('p', 2),
      sync(),
      close('P', 'p'),
      sync(),
      query('commit'),
    ),
  },
  {
    name: 'Flush without Sync',
    steps: [
      [parse('select 1', 'f'), describe('S', 'f'), flush()],
      [bind({ statement: 'f' }), execute(), flush()],
      [sync()],
    ],
  },
  {
    name: 'several batches in one write, one failing',
    steps: one(
      parse('select 1'),
      bind(),
      execute(),
      sync(),
      parse('select 1/0'),
      bind(),
      execute(),
      parse('select 9'),
      bind(),
      execute(),
      sync(),
      parse('select 3'),
      bind(),
      execute(),
      sync(),
      sync(),
      sync(),
    ),
  },
  {
    name: 'an implicit transaction rolled back by a later error',
    steps: one(
      parse('insert into plain values (991)'),
      bind(),
      execute(),
      parse('select 1/0'),
      bind(),
      execute(),
      sync(),
      query('select count(*) from plain where id = 991'),
    ),
  },
  {
    name: 'a failed Parse leaves the old name',
    steps: one(
      parse('select 1', 'n'),
      sync(),
      parse('select 2', 'n'),
      sync(),
      bind({ statement: 'n' }),
      execute(),
      sync(),
      parse('select no_such_column', 'm'),
      sync(),
      parse('select 3', 'm'),
      bind({ statement: 'm' }),
      execute(),
      sync(),
    ),
  },
  {
    name: 'Close, also of what is not there, then the name again',
    steps: one(
      parse('select 1', 'c'),
      close('S', 'c'),
      close('S', 'c'),
      close('P', 'none'),
      parse('select 2', 'c'),
      bind({ statement: 'c' }),
      execute(),
      sync(),
      bind({ statement: 'c' }),
      execute(),
      sync(),
    ),
  },
  {
    name: 'SQL PREPARE with protocol Bind, protocol Parse with SQL EXECUTE',
    steps: one(
      query('prepare sp as select $1::int * 2'),
      bind({ statement: 'sp', values: ['21'] }),
      execute(),
      sync(),
      parse('select $1::int * 3', 'pp'),
      sync(),
      query('execute pp(14)'),
      query('deallocate pp'),
      query('deallocate all'),
    ),
  },
  {
    name: 'DECLARE, protocol Execute on the cursor, FETCH, MOVE, CLOSE',
    steps: one(
      query('begin'),
      query('declare cur cursor for select id from orders order by id limit 6'),
      describe('P', 'cur'),
      execute('cur', 2),
      sync(),
      query('fetch 2 from cur'),
      query('move 1 in cur'),
      query('fetch all from cur'),
      query('close cur'),
      query('commit'),
    ),
  },
  {
    name: 'FETCH from a protocol portal',
    steps: one(
      query('begin'),
      parse('select id from orders order by id limit 3'),
      bind({ portal: 'pc' }),
      sync(),
      query('fetch 2 from pc'),
      query('rollback'),
    ),
  },
  {
    name: 'statements without rows',
    steps: one(parse('begin'), describe('S'), bind(), describe('P'), execute(), sync(), query('commit')),
  },
  { name: 'an empty statement, extended', steps: one(parse(''), describe('S'), bind(), execute(), sync()) },
  {
    name: 'parameters and their errors',
    steps: one(
      parse('select $1::int'),
      bind({ values: ['x'] }),
      execute(),
      sync(),
      parse('select $1::int'),
      bind({ values: [null] }),
      execute(),
      sync(),
    ),
  },
  { name: 'too few parameters', steps: one(parse('select $1::int'), bind(), execute(), sync()) },
  {
    name: 'COPY in, all at once',
    steps: one(
      query('copy plain from stdin'),
      frame('d', '1\n2'),
      frame('d', '00\n'),
      frame('c', ''),
      query('select * from plain where id in (1, 200) order by id'),
      query('delete from plain where id > 0'),
    ),
  },
  {
    name: 'COPY in, two in one message',
    steps: one(
      query('copy plain from stdin; copy plain from stdin; select count(*) from plain'),
      frame('d', '3\n'),
      frame('c', ''),
      frame('d', '4\n'),
      frame('c', ''),
      query('delete from plain where id > 0'),
    ),
  },
  {
    name: 'COPY in, failed by the client',
    steps: [[query('copy plain from stdin')], [frame('d', '1\n'), frame('f', 'enough\0'), query('select 1')]],
  },
  {
    name: 'COPY in, failed by the server, late data ignored',
    steps: [
      [query('copy plain from stdin')],
      [frame('d', 'x\n'), frame('d', '2\n'), frame('d', '3\n'), frame('c', ''), query('select 1')],
    ],
  },
  {
    name: 'COPY in, extended, with Sync and Flush ignored while it runs',
    steps: [
      [parse('copy plain from stdin'), bind(), execute(), sync()],
      [frame('d', '5\n'), sync(), flush(), frame('d', '6\n'), frame('c', ''), sync()],
      [query('delete from plain where id > 0')],
    ],
  },
  {
    name: 'COPY in, extended, all at once',
    steps: one(
      parse('copy plain from stdin'),
      bind(),
      execute(),
      frame('d', '7\n'),
      frame('c', ''),
      sync(),
      parse('select count(*) from plain'),
      bind(),
      execute(),
      sync(),
      query('delete from plain where id > 0'),
    ),
  },
  {
    name: 'COPY in, extended, broken',
    steps: one(
      parse('copy plain from stdin'),
      bind(),
      execute(),
      frame('d', 'x\n'),
      frame('c', ''),
      sync(),
      query('select 1'),
    ),
  },
  {
    name: 'COPY data where there is no COPY',
    steps: one(frame('d', 'x\n'), frame('c', ''), frame('f', 'no\0'), query('select 1')),
  },
  { name: 'LISTEN and NOTIFY', steps: [[query('listen quiet')], [query('unlisten *')]] },
  {
    name: 'SET, SHOW, RESET',
    steps: one(
      query("set application_name = 'me'"),
      query('show application_name'),
      query('reset application_name'),
    ),
  },
  { name: 'notices', steps: one(query('create table if not exists plain (id int)'), query('commit')) },
  {
    name: 'savepoints',
    steps: one(
      query('begin'),
      query('savepoint a'),
      query('select 1/0'),
      query('rollback to a'),
      query('select 1'),
      query('commit'),
    ),
  },
  { name: 'goodbye behind a statement', steps: [[query('select 1'), terminate]] },
];
