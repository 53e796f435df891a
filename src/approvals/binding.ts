import { createHash } from 'node:crypto';
import { PosternError } from '../errors.ts';
import type { BindingFacts } from './request.ts';

/** Changed whenever what is hashed changes, so that no grant survives a new meaning. */
const DOMAIN = 'postern-binding-v2';

/**
 * What an approval is for (I4), as lower-case hex SHA-256. Every field is hashed behind its own length, and
 * each list behind its count, so that no two different sets of facts hash the same bytes.
 * @throws PosternError `unparsable-encoding` if a text has a lone surrogate, which UTF-8 cannot tell apart
 */
export function bindingOf(facts: BindingFacts): string {
  const hash = createHash('sha256');
  const length = Buffer.alloc(8);
  const add = (field: Uint8Array): void => {
    length.writeBigUInt64BE(BigInt(field.length));
    hash.update(length).update(field);
  };
  const addText = (text: string): void => {
    if (!text.isWellFormed()) throw new PosternError('unparsable-encoding');
    add(Buffer.from(text, 'utf8'));
  };
  addText(DOMAIN);
  addText(facts.agent);
  addText(facts.database);
  addText(facts.role);
  addText(facts.rulesVersion);
  addText(facts.sql);
  add(facts.parameters);
  const rowLimits = facts.rowLimits === undefined ? [] : [facts.rowLimits];
  for (const list of [facts.objects, facts.settings, facts.unmask, ...rowLimits]) {
    length.writeBigUInt64BE(BigInt(list.length));
    hash.update(length);
    for (const text of list) addText(text);
  }
  return hash.digest('hex');
}
