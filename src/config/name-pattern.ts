/**
 * Patterns for relations and columns as people write them: parts separated by dots, `*` for anything,
 * double quotes around a part that has dots itself. Missing leading parts are `*`.
 */
import type { ColumnPattern, FunctionPattern } from '../policy/rules.ts';
import { MAX_NAME_BYTES } from './limits.ts';

export type PatternReading<T> =
  | { readonly kind: 'ok'; readonly pattern: T }
  | { readonly kind: 'invalid'; readonly message: string; readonly suggestion: string | null };

export function parseColumnPattern(text: string): PatternReading<ColumnPattern> {
  const reading = splitName(text);
  if (reading.kind === 'invalid') return reading;
  const parts = reading.pattern;
  if (parts.length > 3)
    return invalid('too many parts', 'write schema.table.column; quote a name that has dots: "odd.name"');
  const [column = '*', table = '*', schema = '*'] = [...parts].reverse();
  return { kind: 'ok', pattern: { schema, table, column } };
}

export function parseRelationPattern(
  text: string,
): PatternReading<{ readonly schema: string; readonly table: string }> {
  const reading = splitName(text);
  if (reading.kind === 'invalid') return reading;
  const parts = reading.pattern;
  if (parts.length > 2)
    return invalid('too many parts', 'write schema.table; conditions are about relations, not columns');
  const [table = '*', schema = '*'] = [...parts].reverse();
  return { kind: 'ok', pattern: { schema, table } };
}

/** A bare name is that function in any schema. */
export function parseFunctionPattern(text: string): PatternReading<FunctionPattern> {
  const reading = splitName(text);
  if (reading.kind === 'invalid') return reading;
  const parts = reading.pattern;
  if (parts.length > 2)
    return invalid(
      'too many parts',
      'write schema.name, without arguments: all functions of the name are meant',
    );
  const [name = '*', schema = '*'] = [...parts].reverse();
  if (/[()]/.test(name))
    return invalid(`"${text}" names arguments`, 'write schema.name: all functions of the name are meant');
  if (schema === '*' && name === '*')
    return invalid('this vouches for every function there is', 'name a schema or a function');
  return { kind: 'ok', pattern: { schema, name } };
}

function splitName(text: string): PatternReading<readonly string[]> {
  const parts: string[] = [];
  let at = 0;
  for (;;) {
    const read = text[at] === '"' ? quotedPart(text, at) : plainPart(text, at);
    if (read === null)
      return invalid(`"${text}" has a quote that is not closed`, 'write " twice for a quote inside a name');
    if (read.part === '') return invalid(`"${text}" has an empty part`, 'write * for any name');
    if (Buffer.byteLength(read.part) > MAX_NAME_BYTES) {
      return invalid(
        `a part is longer than ${MAX_NAME_BYTES} bytes, so no name can match it`,
        'PostgreSQL cuts longer names',
      );
    }
    parts.push(read.part);
    if (read.end === text.length) return { kind: 'ok', pattern: parts };
    if (text[read.end] !== '.')
      return invalid(`"${text}" has something after a closing quote`, 'separate parts with a dot');
    at = read.end + 1;
  }
}

type Part = { readonly part: string; readonly end: number };

function plainPart(text: string, start: number): Part | { part: ''; end: number } {
  let end = start;
  while (end < text.length && text[end] !== '.' && text[end] !== '"') end += 1;
  const part = text.slice(start, end);
  // white space around a part is a slip that would make the pattern match nothing
  return { part: part === part.trim() ? part : '', end };
}

function quotedPart(text: string, start: number): Part | null {
  let part = '';
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] !== '"') part += text[at];
    else if (text[at + 1] === '"') {
      part += '"';
      at += 1;
    } else return { part, end: at + 1 };
  }
  return null;
}

function invalid(
  message: string,
  suggestion: string | null,
): { kind: 'invalid'; message: string; suggestion: string | null } {
  return { kind: 'invalid', message, suggestion };
}
