/**
 * A statement's shape as a number: equal for statements that differ in nothing but literals, positions and
 * the lengths of lists of constants.
 *
 * Invariant: no literal goes into the hash, so that a fingerprint can't be used to guess one.
 */
import { hash } from 'node:crypto';
import { as, type Node } from './tree.ts';

const HEX_DIGITS = 16;

/** Fields that hold literals although they are no constant nodes. */
const LITERAL_FIELDS: ReadonlySet<string> = new Set([
  'CommentStmt.comment',
  'SecLabelStmt.label',
  'NotifyStmt.payload',
  'CopyStmt.filename',
  'LoadStmt.filename',
  'CreateSubscriptionStmt.conninfo',
  'AlterSubscriptionStmt.conninfo',
  'TransactionStmt.gid',
  'AlterEnumStmt.oldVal',
  'AlterEnumStmt.newVal',
  'AlterEnumStmt.newValNeighbor',
  'CreateForeignServerStmt.servertype',
  'CreateForeignServerStmt.version',
  'AlterForeignServerStmt.version',
  'FetchStmt.howMany',
]);

/** Lists of `String` nodes that are literals. */
const LITERAL_LISTS: ReadonlySet<string> = new Set(['CreateEnumStmt.vals', 'CreateTrigStmt.args']);

/** Options whose strings are keywords and not literals. */
const WORD_OPTIONS: ReadonlySet<string> = new Set([
  'format',
  'language',
  'analyze',
  'verbose',
  'buffers',
  'costs',
  'timing',
  'header',
  'volatility',
]);

const POSITIONS: ReadonlySet<string> = new Set([
  'location',
  'stmt_location',
  'stmt_len',
  'name_location',
  'list_start',
  'list_end',
  'rexpr_list_start',
  'rexpr_list_end',
]);

export function fingerprintOf(node: Node | undefined): string {
  const parts: string[] = [];
  add(node, '', '', parts);
  return hash('sha256', parts.join(''), 'hex').slice(0, HEX_DIGITS);
}

/** `tag` is the node this value belongs to, `field` the field it is in. */
function add(value: unknown, tag: string, field: string, parts: string[]): void {
  if (Array.isArray(value)) {
    addList(value as Node[], tag, field, parts);
  } else if (typeof value === 'object' && value !== null) {
    addObject(value as Record<string, unknown>, tag, parts);
  } else {
    parts.push(typeof value === 'string' ? JSON.stringify(value) : String(value), ';');
  }
}

function addObject(object: Record<string, unknown>, tag: string, parts: string[]): void {
  for (const key in object) {
    const value = object[key];
    if (key === 'A_Const') {
      parts.push('?');
    } else if (isTag(key)) {
      parts.push('(', key, ' ');
      if (key === 'DefElem') addOption(value as Record<string, unknown>, parts);
      else add(value, key, '', parts);
      parts.push(')');
    } else if (!POSITIONS.has(key) || typeof value === 'string') {
      parts.push(key, '=');
      // CREATE TABLESPACE calls its directory a location
      if (LITERAL_FIELDS.has(`${tag}.${key}`) || key === 'location') parts.push('?');
      else add(value, tag, key, parts);
    }
  }
}

/** An option's string may be a password, a delimiter or a whole function body. */
function addOption(body: Record<string, unknown>, parts: string[]): void {
  const name = String(body['defname']);
  const text = as('String', body['arg'] as Node | undefined);
  parts.push(name, '=');
  if (text !== undefined && !WORD_OPTIONS.has(name)) parts.push('?');
  else if (name === 'as') parts.push('?');
  else add(body['arg'], 'DefElem', 'arg', parts);
}

function isTag(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 0x41 && first <= 0x5a;
}

/** Lists of nothing but constants, and rows of them, count once however long they are. */
function addList(items: readonly Node[], tag: string, field: string, parts: string[]): void {
  parts.push('[');
  if (LITERAL_LISTS.has(`${tag}.${field}`)) {
    parts.push('?]');
    return;
  }
  let constants = false;
  for (const item of items) {
    if (isConstant(item)) {
      if (constants) continue;
      constants = true;
      parts.push('?');
    } else {
      constants = false;
      add(item, tag, field, parts);
    }
  }
  parts.push(']');
}

function isConstant(node: Node | null): boolean {
  if (node === null) return false;
  if ('A_Const' in node) return true;
  const cast = as('TypeCast', node);
  if (cast !== undefined) return cast.arg !== undefined && isConstant(cast.arg);
  const items = as('List', node)?.items;
  return items !== undefined && items.length > 0 && items.every(isConstant);
}
