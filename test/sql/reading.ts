/** Short forms for the tests of the SQL reader. */
import assert from 'node:assert/strict';
import { analyze, loadParser } from '../../src/sql/analyze.ts';
import type { Statement } from '../../src/sql/statement.ts';

await loadParser();

export const LIMITS = { maxStatementBytes: 1_000_000 };

export function statements(sql: string): readonly Statement[] {
  const analysis = analyze(sql, LIMITS);
  assert.equal(analysis.kind, 'parsed', `${sql}: ${analysis.kind === 'unreadable' ? analysis.reason : ''}`);
  return analysis.kind === 'parsed' ? analysis.statements : [];
}

export function statement(sql: string): Statement {
  const all = statements(sql);
  assert.equal(all.length, 1, sql);
  return all[0] as Statement;
}

/** `read write!`: the actions, sorted, `!` for destructive. */
export function actionsOf(sql: string): string {
  const names = statement(sql).actions.map((finding) => finding.action + (finding.destructive ? '!' : ''));
  return [...new Set(names)].sort().join(' ');
}

/** `r:a.t w:b`: the relations, sorted. */
export function relationsOf(sql: string): string {
  return statement(sql)
    .relations.map(({ schema, name, access }) => `${access[0]}:${schema === null ? '' : `${schema}.`}${name}`)
    .sort()
    .join(' ');
}

/** Lines of `expected | sql`; blank lines and lines starting with `#` are for people. */
export function table(text: string): [expected: string, sql: string][] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const bar = line.indexOf(' | ');
      assert.ok(bar >= 0, line);
      return [line.slice(0, bar).trim(), line.slice(bar + 3).trim()];
    });
}
