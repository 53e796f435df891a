import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SESSION_LIMITS } from '../../src/session/limits.ts';
import { Names, type Portal } from '../../src/session/names.ts';

const SENT = { batch: 1, order: 0 };

function portal(names: Names, name: string, text: string, batch = 1): Portal {
  const { prepared } = names.prepare(`for ${name}`, text, SENT);
  const made: Portal = {
    name,
    prepared,
    batch,
    parameters: Buffer.alloc(0),
    scope: 'clean',
    plan: undefined,
    plannedFor: null,
    describing: 0,
    under: null,
    released: false,
    copy: null,
    kept: false,
    shown: null,
    tally: null,
  };
  names.bind(made);
  return made;
}

/** The same, and how it is taken back. */
function bound(names: Names, name: string, text: string): () => void {
  return names.bind({ ...portal(new Names(), name, text) }) ?? (() => undefined);
}

test('a failed Parse leaves what the name meant before', () => {
  const names = new Names();
  names.prepare('a', 'old', SENT);
  const { undo } = names.prepare('a', 'new', SENT);
  assert.equal(names.prepared('a')?.text, 'new');
  undo?.();
  assert.equal(names.prepared('a')?.text, 'old');
});

test('a failed Parse without a name leaves none', () => {
  const names = new Names();
  names.prepare('', 'old', SENT);
  const { undo } = names.prepare('', 'new', SENT);
  undo?.();
  assert.equal(names.prepared(''), null);
});

test('taking back a Parse does not touch what came after it', () => {
  const names = new Names();
  const { undo } = names.prepare('', 'first', SENT);
  names.prepare('', 'second', SENT);
  undo?.();
  assert.equal(names.prepared('')?.text, 'second');
});

test('taking back a Bind, or a Close, does not touch what came after it', () => {
  for (const before of [null, 'before']) {
    const names = new Names();
    if (before !== null) portal(names, '', before);
    const first = bound(names, '', 'first');
    const second = bound(names, '', 'second');
    const closed = names.closePortal('');
    portal(names, '', 'third');
    closed?.();
    second();
    first();
    assert.equal(names.portal('')?.prepared.text, 'third');
  }
});

test('Binds that fail together leave what there was before', () => {
  const names = new Names();
  portal(names, '', 'before');
  const first = bound(names, '', 'first');
  const second = bound(names, '', 'second');
  second();
  first();
  assert.equal(names.portal('')?.prepared.text, 'before');
});

test('a PREPARE that is taken back may have happened all the same: both meanings stay', () => {
  const names = new Names();
  names.prepare('a', 'old', SENT);
  const forgotten = names.forget('a');
  const prepared = names.prepareBySql('a', 'new', SENT);
  prepared?.();
  forgotten?.();
  assert.equal(names.prepared('a')?.text, 'old;\nnew');
});

test('two meanings too long to keep are none', () => {
  const names = new Names();
  const long = 'x'.repeat(SESSION_LIMITS.maxDoubtfulChars);
  names.prepare('a', long, SENT);
  names.prepareBySql('a', 'new', SENT)?.();
  assert.equal(names.prepared('a'), null);
});

test('DEALLOCATE ALL spares the statement without a name', () => {
  const names = new Names();
  names.prepare('', 'unnamed', SENT);
  names.prepare('a', 'named', SENT);
  names.forget(null);
  assert.equal(names.prepared('a'), null);
  assert.equal(names.prepared('')?.text, 'unnamed');
});

test('a cursor’s name means everything it was declared for, until the session is idle', () => {
  const names = new Names();
  names.declare('c', 'one', false);
  names.declare('c', 'two', false);
  portal(names, 'c', 'three');
  assert.deepEqual(names.meanings('c'), ['one', 'two', 'three']);
  names.endPortals(1);
  names.idle();
  assert.deepEqual(names.meanings('c'), []);
});

test('a holdable cursor outlives its transaction, and a CLOSE only once that is sure', () => {
  const names = new Names();
  names.declare('h', 'held', true);
  names.idle();
  assert.deepEqual(names.meanings('h'), ['held']);
  names.closeCursor('h');
  assert.deepEqual(names.meanings('h'), ['held']);
  names.idle();
  assert.deepEqual(names.meanings('h'), []);
});

test('code that ran makes every named portal doubtful, and none without a name', () => {
  const names = new Names();
  portal(names, 'p', 'one');
  assert.equal(names.doubtful('p'), false);
  names.codeRan();
  assert.equal(names.doubtful('p'), true);
  assert.equal(names.doubtful(''), false);
  names.idle();
  assert.equal(names.doubtful('p'), false);
});

test('portals end with their batch and no earlier', () => {
  const names = new Names();
  portal(names, 'first', 'one', 1);
  const second = portal(names, 'second', 'two', 2);
  names.endPortals(1);
  assert.equal(names.portal('first'), null);
  assert.equal(names.portal('second'), second);
});

test('names, and the meanings of one, are bounded', () => {
  const names = new Names();
  for (let i = 0; i < SESSION_LIMITS.maxNames; i += 1) names.prepare(`n${i}`, 'x', SENT);
  assert.throws(() => names.prepare('more', 'x', SENT), { code: 'limit-exceeded' });
  for (let i = 0; i < SESSION_LIMITS.maxMeanings; i += 1) names.declare('c', `text ${i}`, false);
  assert.throws(() => names.declare('c', 'one more', false), { code: 'limit-exceeded' });
});
