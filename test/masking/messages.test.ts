import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  GENERIC_SQLSTATE,
  passesParameterStatus,
  stripError,
  stripNotice,
} from '../../src/masking/messages.ts';
import { conditionName, knownSqlstates } from '../../src/masking/sqlstates.ts';

const full = (code: string, severity = 'ERROR'): Map<string, string> =>
  new Map([
    ['S', 'secret'],
    ['V', severity],
    ['C', code],
    ...['M', 'D', 'H', 'P', 'p', 'q', 'W', 's', 't', 'c', 'd', 'n', 'F', 'L', 'R', 'Z'].map(
      (f) => [f, 'secret'] as const,
    ),
  ]);

describe('errors and notices', () => {
  it('passes them as they are in a clean scope', () => {
    const fields = full('23505');
    assert.equal(stripError(fields, 'clean'), fields);
    assert.equal(stripNotice(fields, 'clean'), fields);
  });

  it('keeps severity and known code only', () => {
    assert.deepEqual(
      [...stripError(full('23505'), 'touched')],
      [
        ['S', 'ERROR'],
        ['V', 'ERROR'],
        ['C', '23505'],
        ['M', 'unique_violation (detail withheld by Postern)'],
      ],
    );
    assert.deepEqual(
      [...stripNotice(full('01000', 'WARNING'), 'touched')!.values()],
      ['WARNING', 'WARNING', '01000', 'warning (detail withheld by Postern)'],
    );
  });

  it('replaces raised, unknown and user-made codes', () => {
    for (const code of ['P0001', 'P0002', '12345', 'AB', '', 'constructor']) {
      assert.equal(stripError(full(code), 'touched').get('C'), GENERIC_SQLSTATE);
    }
    assert.equal(stripError(full('23505'), 'opaque').get('C'), GENERIC_SQLSTATE);
    assert.equal(stripError(full('57P01', 'FATAL'), 'opaque').get('C'), '57P01');
    assert.equal(stripError(full('23505', 'secret'), 'opaque').get('V'), 'ERROR');
    assert.equal(stripError(new Map(), 'touched').get('C'), GENERIC_SQLSTATE);
  });

  it('keeps what analysis says of the client’s own text, and of no other', () => {
    const own = new Map([...full('42703')].filter(([field]) => !['W', 'p', 'q'].includes(field)));
    own.set('F', 'parse_relation.c').set('R', 'errorMissingColumn');
    assert.equal(stripError(own, 'opaque').get('M'), 'secret');
    for (const field of ['W', 'p', 'q'])
      assert.notEqual(stripError(new Map(own).set(field, ''), 'opaque').get('M'), 'secret');
  });

  it('drops notices that values can cause', () => {
    assert.equal(stripNotice(full('01000', 'NOTICE'), 'opaque'), null);
    assert.equal(stripNotice(full('54000', 'NOTICE'), 'touched'), null);
    assert.equal(stripNotice(full('0000X', 'NOTICE'), 'touched'), null);
  });

  it('lets nothing of the original through', () => {
    for (const code of [...knownSqlstates(), 'secre']) {
      for (const scope of ['touched', 'opaque'] as const) {
        assert.ok(![...stripError(full(code, 'secret'), scope).values()].join().includes('secre'));
        assert.ok(![...(stripNotice(full(code, 'secret'), scope)?.values() ?? [])].join().includes('secre'));
      }
    }
  });

  it('knows PostgreSQL’s codes', () => {
    assert.equal(conditionName('23505'), 'unique_violation');
    assert.equal(conditionName('57014'), 'query_canceled');
    assert.equal(conditionName('XX000'), 'internal_error');
    assert.equal(conditionName('00001'), null);
    assert.ok(knownSqlstates().length > 250);
    assert.ok(
      knownSqlstates().every(
        (code) => /^[0-9A-Z]{5}$/.test(code) && /^[a-z0-9_]+$/.test(conditionName(code)!),
      ),
    );
    assert.notEqual(conditionName(GENERIC_SQLSTATE), null);
  });

  it('passes reports of settings the session cannot fill with text', () => {
    assert.ok(passesParameterStatus('application_name', 'clean'));
    for (const name of [
      'application_name',
      'search_path',
      'TimeZone',
      'DateStyle',
      'session_authorization',
      'my.own',
    ]) {
      assert.ok(!passesParameterStatus(name, 'touched'));
      assert.ok(!passesParameterStatus(name, 'opaque'));
    }
    assert.ok(passesParameterStatus('client_encoding', 'opaque'));
  });
});
