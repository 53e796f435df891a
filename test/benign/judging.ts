/** A judge over a snapshot, by rules that are written here, with nothing remembered from one text to the next. */
import assert from 'node:assert/strict';
import type { Snapshot } from '../../src/catalog/snapshot.ts';
import { parseRules } from '../../src/config/rules-file.ts';
import { Judge } from '../../src/gate/judge.ts';
import { loadParser } from '../../src/sql/parser.ts';

/** @param rules the text of a rules.yaml */
export async function judgeOf(snapshot: Snapshot, rules: string): Promise<Judge> {
  await loadParser();
  const reading = parseRules(Buffer.from(rules), 'rules.yaml');
  assert.ok(reading.kind === 'ok');
  return new Judge(
    { name: 'bot', owner: 'olga', groups: [] },
    { database: snapshot.database, environment: 'prod' },
    { rules: () => reading.rules, snapshot: () => snapshot },
    { maxStatementBytes: 1_000_000, statementCacheEntries: 1 },
  );
}
