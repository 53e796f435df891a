/** The grammar tables, compiled once: node tag → field name → what the field holds. */
import { EXPRESSION_NODES } from './grammar-expressions.ts';
import { STATEMENT_NODES } from './grammar-statements.ts';

export type FieldRule =
  | { readonly kind: 'scalar' }
  | { readonly kind: 'node' }
  | { readonly kind: 'list'; readonly target: boolean }
  | { readonly kind: 'inline'; readonly tag: string; readonly target: boolean };

export type NodeFields = ReadonlyMap<string, FieldRule>;

/** Every node a raw parse tree may hold. Maps, not objects: a field is really called `constructor`. */
export const GRAMMAR: ReadonlyMap<string, NodeFields> = compile(EXPRESSION_NODES, STATEMENT_NODES);

function compile(...tables: readonly string[]): Map<string, NodeFields> {
  const grammar = new Map<string, NodeFields>();
  for (const table of tables) {
    // a line that starts with a blank continues the one before it
    for (const line of table.replaceAll(/\n\s+/g, ' ').split('\n')) {
      const [tag, ...fields] = line.trim().split(/\s+/);
      if (tag === undefined || tag === '') continue;
      grammar.set(tag, new Map(fields.map(fieldRule)));
    }
  }
  return grammar;
}

function fieldRule(text: string): [string, FieldRule] {
  const target = text.endsWith('!');
  const spec = target ? text.slice(0, -1) : text;
  if (spec.endsWith('*')) return [spec.slice(0, -1), { kind: 'list', target }];
  if (spec.endsWith('?')) return [spec.slice(0, -1), { kind: 'node' }];
  const colon = spec.indexOf(':');
  if (colon < 0) return [spec, { kind: 'scalar' }];
  return [spec.slice(0, colon), { kind: 'inline', tag: spec.slice(colon + 1), target }];
}
