/** Classes 18, 20, 21: cursors and prepared statements by both doors, and the protocol itself. */
import { encodeFlush, encodeSync } from '../../../src/wire/client/bare.ts';
import { encodeClose } from '../../../src/wire/client/close.ts';
import { encodeDescribe } from '../../../src/wire/client/describe.ts';
import { encodeExecute } from '../../../src/wire/client/execute.ts';
import { encodeParse } from '../../../src/wire/client/parse.ts';
import { encodeQuery } from '../../../src/wire/client/query.ts';
import { cases, type Attack } from '../case.ts';
import { bind, type WireClient } from '../wire-client.ts';

const parse = (name: string, sql: string): Buffer => encodeParse({ name, sql, parameterTypes: [] });
const execute = (portal: string, maxRows = 0): Buffer => encodeExecute({ portal, maxRows });
const describe = (what: 'S' | 'P', name: string): Buffer => encodeDescribe({ what, name });
const close = (what: 'S' | 'P', name: string): Buffer => encodeClose({ what, name });
const SECRETS = 'select reverse(ssn) from customers order by id limit 5';
const LONG = 'n'.repeat(63);

const SQL_DOOR = cases(18, {
  cursor: ['begin', `declare c cursor for ${SECRETS}`, 'fetch 3 from c'],
  'cursor, backwards': [
    'begin',
    `declare c scroll cursor for ${SECRETS}`,
    'fetch last from c',
    'fetch prior from c',
  ],
  'cursor with hold': [`declare c cursor with hold for ${SECRETS}`, 'fetch all c', 'close c'],
  'cursor, binary': ['begin', `declare c binary cursor for ${SECRETS}`, 'fetch all c'],
  prepared: [`prepare p as ${SECRETS}`, 'execute p', 'execute p'],
  'prepared with a parameter': [
    'prepare p(int) as select reverse(ssn) from customers where id = $1',
    'execute p(1)',
  ],
  'EXPLAIN of a prepared statement': [`prepare p as ${SECRETS}`, 'explain (analyze, verbose) execute p'],
  'refcursor of a function': ['begin', "select open_named('r')", 'fetch 3 from r'],
  'refcursor under a declared name': [
    'begin',
    'declare c cursor for select 1',
    'close c',
    "select open_named('c')",
    'fetch 3 from c',
  ],
  'refcursor under a name left over': [
    'begin',
    'declare c cursor for select 1',
    'commit',
    'begin',
    "select open_named('c')",
    'fetch 3 from c',
  ],
  'cursor replaced after rollback': [
    'begin',
    'declare c cursor for select 1',
    'rollback',
    'begin',
    `declare c cursor for ${SECRETS}`,
    'fetch c',
  ],
  'replaced in one message': ['prepare p as select 1', `deallocate p; prepare p as ${SECRETS}; execute p`],
  'replaced in a message that fails': [
    'prepare p as select 1',
    `deallocate p; prepare p as ${SECRETS}; select 1 / 0`,
    'execute p',
  ],
  'replaced in a transaction that fails': [
    'prepare p as select 1',
    'begin',
    'deallocate p',
    `prepare p as ${SECRETS}`,
    'select 1 / 0',
    'rollback',
    'execute p',
  ],
  'DISCARD and again': ['prepare p as select 1', 'discard all', `prepare p as ${SECRETS}`, 'execute p'],
  'quoted name': [`prepare "P p" as ${SECRETS}`, 'execute "P p"'],
  'name over 63 bytes': [`prepare ${LONG}xyz as ${SECRETS}`, `execute ${LONG}abc`],
  'cursor name over 63 bytes': ['begin', `declare ${LONG}xyz cursor for ${SECRETS}`, `fetch ${LONG}abc`],
});

function protocol(number: number, rows: Readonly<Record<string, NonNullable<Attack['run']>>>): Attack[] {
  return Object.entries(rows).map(([name, run]) => ({ class: number, name, run }));
}

const BOTH_DOORS = protocol(18, {
  'execution again without Describe': async (wire) => {
    await wire.batch(parse('s', SECRETS), bind('', 's'), describe('P', ''), execute(''));
    await wire.batch(bind('', 's'), execute(''));
    await wire.batch(bind('', 's', [], 1), execute(''));
  },
  'portal resumed after suspension': async (wire) => {
    await wire.batch(encodeQueryless('begin'), parse('', SECRETS), bind('p', ''), execute('p', 1));
    await wire.batch(execute('p', 1));
    await wire.batch(execute('p'));
  },
  'statement described, portal not': async (wire) => {
    await wire.batch(parse('s', SECRETS), describe('S', 's'));
    await wire.batch(bind('', 's', [], 1), execute(''));
  },
  'FETCH by the protocol': async (wire) => {
    await wire.simple('begin');
    await wire.simple(`declare c cursor for ${SECRETS}`);
    for (const what of ['P', 'none', 'S'] as const) {
      const described = what === 'S' ? [describe('S', '')] : [];
      const after = what === 'P' ? [describe('P', '')] : [];
      await wire.batch(parse('', 'fetch 1 c'), ...described, bind('', ''), ...after, execute(''));
    }
  },
  'EXECUTE by the protocol': async (wire) => {
    await wire.simple(`prepare p as ${SECRETS}`);
    for (const described of [[describe('P', '')], []]) {
      await wire.batch(parse('', 'execute p'), bind('', ''), ...described, execute(''));
    }
    await wire.batch(parse('', 'execute p'), describe('S', ''), bind('', '', [], 1), execute(''));
  },
  'EXECUTE of a statement of the protocol': async (wire) => {
    await wire.batch(parse('p', SECRETS));
    await wire.simple('execute p');
  },
  'Bind of a statement of SQL': async (wire) => {
    await wire.simple(`prepare p as ${SECRETS}`);
    await wire.batch(bind('', 'p'), execute(''));
    await wire.batch(bind('', 'p'), describe('P', ''), execute(''));
  },
  'Execute of a cursor': async (wire) => {
    await wire.simple('begin');
    await wire.simple(`declare c cursor for ${SECRETS}`);
    await wire.batch(execute('c', 2));
    await wire.batch(describe('P', 'c'), execute('c'));
  },
  'FETCH from a portal': async (wire) => {
    await wire.simple('begin');
    await wire.batch(parse('s', SECRETS), bind('c', 's'));
    await wire.simple('fetch all c');
  },
  'FETCH from a portal under the name of an old cursor': async (wire) => {
    await wire.simple('begin');
    await wire.simple('declare c cursor for select 1');
    await wire.simple('commit');
    await wire.simple('begin');
    await wire.batch(parse('s', SECRETS), bind('c', 's'));
    await wire.simple('fetch all c');
  },
  'cursor under the name of a closed portal': async (wire) => {
    await wire.simple('begin');
    await wire.batch(parse('s', "select 'x' as x"), bind('c', 's'), describe('P', 'c'));
    await wire.simple('close all');
    await wire.simple(`declare c cursor for ${SECRETS}`);
    await wire.batch(execute('c'));
  },
  'cursor under the name of a portal rolled back': async (wire) => {
    await wire.simple('begin');
    await wire.simple('savepoint s');
    await wire.batch(parse('s', "select 'x' as x"), bind('c', 's'), describe('P', 'c'));
    await wire.simple('rollback to s');
    await wire.simple(`declare c cursor for ${SECRETS}`);
    await wire.batch(execute('c'));
  },
  'portals with other masks, a row at a time in turns': async (wire) => {
    await wire.simple('begin');
    await wire.batch(
      parse('one', 'select id, ssn, name, email from customers order by id'),
      bind('one', 'one'),
    );
    await wire.batch(
      parse('two', 'select email, city, ssn, id from customers order by id'),
      bind('two', 'two'),
    );
    await wire.batch(
      parse('plain', 'select id, name, city from customers order by id'),
      bind('plain', 'plain'),
    );
    for (let turn = 0; turn < 3; turn += 1) {
      await wire.batch(execute('one', 1), execute('two', 1), execute('plain', 1), execute('two', 2));
      await wire.batch(execute('plain', 1), execute('one', 2), execute('two', 1));
    }
    // The same texts again, bound anew under each other's names.
    await wire.batch(bind('two', 'one'), bind('one', 'two'), execute('two', 2), execute('one', 2));
    await wire.batch(close('P', 'one'), close('P', 'two'), bind('two', 'one'), bind('one', 'two'));
    await wire.batch(execute('two', 2), execute('one', 2), execute('two', 1));
  },
  'portal replaced under its name': async (wire) => {
    await wire.simple('begin');
    await wire.batch(parse('a', "select 'x' as x"), bind('c', 'a'), describe('P', 'c'), close('P', 'c'));
    await wire.batch(parse('b', SECRETS), bind('c', 'b'), execute('c'));
  },
  'unnamed statement replaced': async (wire) => {
    await wire.batch(parse('', "select 'x' as x"), bind('', ''), describe('P', ''), execute(''));
    await wire.batch(parse('', SECRETS), bind('', ''), execute(''));
  },
  'statement replaced under its name': async (wire) => {
    await wire.batch(parse('s', "select 'x' as x"), bind('', 's'), execute(''));
    await wire.batch(bind('', 's'), execute(''));
    await wire.batch(close('S', 's'), parse('s', SECRETS));
    await wire.batch(bind('', 's'), execute(''));
  },
  'two names the server cuts to one': async (wire) => {
    await wire.batch(parse(`${LONG}1`, "select 'x' as x"));
    await wire.simple(`deallocate ${LONG}`);
    await wire.batch(parse(`${LONG}2`, SECRETS));
    await wire.batch(bind('', `${LONG}1`), execute(''));
  },
  'two portal names the server cuts to one': async (wire) => {
    await wire.simple('begin');
    await wire.batch(parse('a', "select 'x' as x"), bind(`${LONG}1`, 'a'), describe('P', `${LONG}1`));
    await wire.simple(`close ${LONG}`);
    await wire.batch(parse('b', SECRETS), bind(`${LONG}2`, 'b'));
    await wire.batch(execute(`${LONG}1`));
  },
  'a Parse that fails keeps the old statement': async (wire) => {
    await wire.batch(parse('s', SECRETS));
    await wire.batch(parse('s', "select 'x' as x"));
    await wire.batch(bind('', 's'), execute(''));
  },
  'a pipeline that fails half-way': async (wire) => {
    await wire.batch(
      parse('s', SECRETS),
      parse('', 'select 1 / 0'),
      bind('', ''),
      execute(''),
      parse('s', "select 'x'"),
    );
    await wire.batch(bind('', 's'), execute(''));
  },
  'deallocated in a pipeline that fails': async (wire) => {
    await wire.batch(parse('s', "select 'x' as x"));
    await wire.batch(
      parse('', 'deallocate s'),
      bind('', ''),
      execute(''),
      parse('s', SECRETS),
      parse('', 'select 1 / 0'),
      bind('', ''),
      execute(''),
    );
    await wire.batch(bind('', 's'), execute(''));
  },
  'several without Sync between': async (wire) => {
    await wire.batch(
      parse('a', "select 'x' as x"),
      bind('1', 'a'),
      parse('b', SECRETS),
      bind('2', 'b'),
      describe('P', '1'),
      execute('1'),
      execute('2'),
    );
  },
  'Flush instead of Sync': async (wire) => {
    await wire.flush(['C'], parse('b', SECRETS), bind('2', 'b'), execute('2'));
    await wire.batch();
  },
  'COPY by the protocol': async (wire) => {
    await wire.batch(parse('', 'copy customers to stdout'), bind('', ''), execute(''));
  },
});

/** BEGIN by the extended protocol, so that it can stand in a batch. */
function encodeQueryless(sql: string): Buffer {
  return Buffer.concat([parse('', sql), bind('', ''), execute('')]);
}

const PROTOCOL = protocol(21, {
  FunctionCall: async (wire) => {
    const body = Buffer.alloc(4 + 2 + 2 + 4 + 4 + 2);
    body.writeInt32BE(2078, 0);
    await sendAll(wire, frame('F', body), encodeSync());
  },
  'unknown message': (wire) =>
    sendAll(wire, frame('y', Buffer.from('select ssn from customers')), encodeQuery(SECRETS)),
  'a second start-up message': (wire) =>
    sendAll(wire, Buffer.from('0000000800030000', 'hex'), encodeQuery(SECRETS)),
  'length below its own size': (wire) =>
    sendAll(wire, Buffer.from('5100000003', 'hex'), encodeQuery(SECRETS)),
  'negative length': (wire) => sendAll(wire, Buffer.from('51ffffffff', 'hex'), encodeQuery(SECRETS)),
  'query without an end': (wire) => sendAll(wire, frame('Q', Buffer.from(SECRETS))),
  'query with text after its end': (wire) => sendAll(wire, frame('Q', Buffer.from(`select 1\0${SECRETS}\0`))),
  'query in another encoding': (wire) =>
    sendAll(
      wire,
      frame(
        'Q',
        Buffer.concat([
          Buffer.from("select '"),
          Buffer.from([0xff, 0xfe]),
          Buffer.from(`', reverse(ssn) from customers\0`),
        ]),
      ),
    ),
  'one byte at a time': async (wire) => {
    for (const byte of encodeQuery('select reverse(ssn) from customers limit 2'))
      wire.send(Buffer.from([byte]));
    await wire.until('Z');
  },
  'password message again': (wire) => sendAll(wire, frame('p', Buffer.from('x\0')), encodeQuery(SECRETS)),
  'Execute of nothing': (wire) => wire.batch(execute('nothing')),
  'Bind of nothing': (wire) => wire.batch(bind('', 'nothing'), execute('')),
  'query in the middle of a pipeline': async (wire) => {
    wire.send(parse('s', SECRETS), bind('', 's'), encodeQuery("select 'x' as x"), execute(''), encodeSync());
    await wire.until('Z');
    await wire.until('Z');
  },
  'COPY data nobody asked for': (wire) =>
    sendAll(wire, frame('d', Buffer.from('x')), frame('c', Buffer.alloc(0)), encodeQuery(SECRETS)),
  'query while skipping to Sync': async (wire) => {
    wire.send(parse('', 'select nonsense from nowhere'), encodeQuery(SECRETS), encodeFlush());
    await wire.until('E');
    await wire.batch();
  },
});

function frame(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** What ends the session ends the case as well. */
async function sendAll(wire: WireClient, ...messages: readonly Buffer[]): Promise<void> {
  wire.send(...messages);
  await Promise.race([wire.until('Z'), new Promise((resolve) => setTimeout(resolve, 400))]);
}

export const BY_PROTOCOL: readonly Attack[] = [...SQL_DOOR, ...BOTH_DOORS, ...PROTOCOL];
