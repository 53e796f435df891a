import { MAX_IDENTIFIER_BYTES } from '../wire/limits.ts';

/** A column as an agent names it; `schema: null` stands for every table of that name. */
export type NamedColumn = { readonly schema: string | null; readonly table: string; readonly column: string };

/** More than a person would read in a request. */
export const MAX_NAMED_COLUMNS = 50;

const PART = String.raw`("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
const COLUMN = new RegExp(String.raw`^\s*(?:${PART}\s*\.\s*)?${PART}\s*\.\s*${PART}\s*(,|$)`, 'u');

/**
 * Reads `customers.email, public.customers."Phone"` as PostgreSQL reads names: folded unless quoted.
 * @returns no columns for an empty text; null for one that is no such list, has a wildcard, or is too long
 */
export function readColumns(text: string): readonly NamedColumn[] | null {
  const columns: NamedColumn[] = [];
  let rest = text;
  let open = rest.trim() !== '';
  while (open) {
    const match = COLUMN.exec(rest);
    if (match === null || columns.length >= MAX_NAMED_COLUMNS) return null;
    const [whole, schema, table = '', column = '', end] = match;
    const named = {
      schema: schema === undefined ? null : fold(schema),
      table: fold(table),
      column: fold(column),
    };
    if (Object.values(named).some((part) => part !== null && Buffer.byteLength(part) > MAX_IDENTIFIER_BYTES))
      return null;
    columns.push(named);
    rest = rest.slice(whole.length);
    open = end === ',';
  }
  return columns;
}

function fold(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase();
}
