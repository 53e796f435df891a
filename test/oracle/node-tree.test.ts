import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isNode, nodesIn, numberIn, parseNodeTree, textIn } from './node-tree.ts';
import type { TreeNode } from './node-tree.ts';

function nodeOf(text: string): TreeNode {
  const value = parseNodeTree(text);
  assert.ok(isNode(value));
  return value;
}

/** As outToken escapes a string, src/backend/nodes/outfuncs.c. */
function escaped(text: string): string {
  if (text === '') return '""';
  const first = /^(?:[<"0-9]|[+-][0-9.])/.test(text) ? '\\' : '';
  return first + text.replaceAll(/[ \n\t(){}\\]/g, '\\$&');
}

describe('reading a node tree', () => {
  it('reads scalars, lists, sets, datums and nodes', () => {
    const node = nodeOf(
      '{A :null <> :yes true :n -5 :l ({B :x 1} <> {B :x 2}) :i (i 1 -2) :o (o 23) :b (b) :e ()' +
        ' :s ("a" "b\\ c") :v 4 [ 1 0 -1 ] :f 1.5}',
    );
    assert.equal(node.tag, 'A');
    assert.deepEqual(node.fields, {
      null: null,
      yes: 'true',
      n: '-5',
      l: [{ tag: 'B', fields: { x: '1' } }, null, { tag: 'B', fields: { x: '2' } }],
      i: [1, -2],
      o: [23],
      b: [],
      e: [],
      s: ['a', 'b c'],
      v: ['4', [1, 0, -1]],
      f: '1.5',
    });
    assert.deepEqual(
      nodesIn(node, 'l').map((one) => numberIn(one, 'x')),
      [1, 2],
    );
  });

  it('takes a name that begins with a colon for a name', () => {
    const node = nodeOf('{T :resname :x\\ y :resno 2}');
    assert.equal(textIn(node, 'resname'), ':x y');
    assert.equal(numberIn(node, 'resno'), 2);
  });

  it('keeps fields of the same name apart, so that neither is lost', () => {
    assert.deepEqual(Object.values(nodeOf('{A :x 1 :x 2}').fields), ['1', '2']);
  });

  it('reads lists that begin like another kind', () => {
    assert.deepEqual(parseNodeTree('(item "b")'), ['item', 'b']);
    assert.deepEqual(parseNodeTree('(b 1 2)'), [1, 2]);
  });

  it('joins lines, at spaces and inside tokens that fill a line', () => {
    assert.deepEqual(nodeOf('{A\n:x 1\n:y a\\\nb}').fields, { x: '1', y: 'a b' });
    const long = 'y'.repeat(78);
    assert.deepEqual(nodeOf(`{A :x\n${long}\n${long}\nyy}`).fields, { x: `${long}${long}yy` });
  });

  it('gives back any name as it was', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (name) => {
        fc.pre(!name.includes('\n') && !name.includes('\0'));
        const tokens = `{A :x ${escaped(name)} :y 1}`;
        assert.deepEqual(nodeOf(tokens).fields, { x: name, y: '1' });
      }),
    );
  });

  for (const broken of ['', '{A :x 1', '(1 2', '{A x}', '{A :x 1} 2', '(i 1 x)', '{A :x 2 [ 1 ']) {
    it(`refuses ${JSON.stringify(broken)}`, () => {
      assert.throws(() => parseNodeTree(broken), /node tree/);
    });
  }

  it('refuses a number that is none', () => {
    assert.throws(() => numberIn(nodeOf('{A :x y}'), 'x'), /no number in x/);
    assert.throws(() => numberIn(nodeOf('{A :x 1}'), 'missing'), /no number in missing/);
  });
});
