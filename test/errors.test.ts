/** Holds docs/errors.md and the registry together, and the registry to its own rules. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ERRORS, PosternError } from '../src/errors.ts';
import type { ErrorCode, ErrorEntry } from '../src/errors.ts';

const page = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');
const entries = Object.entries(ERRORS) as [ErrorCode, ErrorEntry][];

/** The row that docs/errors.md has to have for an error. */
function row(code: string, entry: ErrorEntry): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  return `| \`${code}\` | ${entry.sqlstate} | ${entry.http} | ${cell(entry.text)} | ${cell(entry.hint)} |`;
}

test('docs/errors.md has every error as the registry has it, and no other', () => {
  const written = page.split('\n').filter((line) => line.startsWith('| `'));
  const wanted = entries.map(([code, entry]) => row(code, entry));
  assert.deepEqual(
    written.filter((line) => !wanted.includes(line)),
    [],
    'rows of docs/errors.md that the registry does not have',
  );
  assert.deepEqual(
    wanted.filter((line) => !written.includes(line)),
    [],
    'rows that docs/errors.md lacks',
  );
  assert.equal(written.length, wanted.length, 'a row is there twice');
});

test('codes, SQLSTATEs, statuses and texts have their form', () => {
  for (const [code, entry] of entries) {
    assert.match(code, /^[a-z]+(-[a-z]+)*$/);
    assert.match(entry.sqlstate, /^[0-9A-Z]{5}$/, code);
    assert.ok(entry.http >= 400 && entry.http < 600, code);
    assert.ok(entry.text.length > 0 && !entry.text.endsWith('.'), `${code}: the text is a phrase`);
    assert.match(entry.hint, /[.`]$/, `${code}: the hint says what to do, in sentences`);
  }
});

test('parameters are filled in once, and text in them is not read as a parameter', () => {
  const error = new PosternError('request-denied', {
    id: 'k7f3-9qzm',
    approver: '{reason}',
    reason: '{id} $& no',
  });
  assert.equal(error.message, 'request k7f3-9qzm was denied by {reason}: {id} $& no');
  assert.deepEqual(
    [error.code, error.sqlstate, error.http, error.hint],
    ['request-denied', '42501', 403, ERRORS['request-denied'].hint],
  );
});
