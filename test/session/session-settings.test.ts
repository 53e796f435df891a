/** What an approval is bound to: the settings in force, as PostgreSQL would have them. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { SessionSettings } from '../../src/session/session-settings.ts';
import { analyze } from '../../src/sql/analyze.ts';
import { loadParser } from '../../src/sql/parser.ts';

before(loadParser);

function after(...texts: readonly string[]): readonly string[] {
  const settings = new SessionSettings();
  for (const text of texts) {
    const analysis = analyze(text, { maxStatementBytes: 1000 });
    assert.equal(analysis.kind, 'parsed');
    if (analysis.kind === 'parsed') for (const statement of analysis.statements) settings.apply(statement);
  }
  return settings.fingerprint;
}

test('a session authorization takes the role along', () => {
  assert.deepEqual(after('set role boss'), ['role=boss']);
  assert.deepEqual(after('set role boss; reset role'), ['role=']);
  for (const back of ['set session authorization default', 'reset session authorization']) {
    assert.deepEqual(after('set role boss', back), ['session_authorization=']);
    assert.deepEqual(after('set role boss', back, 'set role boss'), ['role=boss', 'session_authorization=']);
  }
});

test('a local one leaves a role behind that nobody knows, so no approval fits', () => {
  const texts = ['set role boss', 'begin', 'set local session authorization default'];
  assert.notDeepEqual(after(...texts), after(...texts));
});
