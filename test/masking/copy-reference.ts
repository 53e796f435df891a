import type { CopyOptions } from '../../src/sql/statement.ts';
import type { Value } from './support.ts';

/** What COPY TO writes, and a reader for it, made of strings. Columns are called `col 0`, `col 1`, … */
export function writeText(rows: readonly (readonly Value[])[], o: CopyOptions): string {
  const letters: Record<string, string> = {
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v',
    '\\': '\\\\',
  };
  const one = (v: Value): string =>
    v === null
      ? o.nullText
      : Array.from(v.toString())
          .map((c) => letters[c] ?? (c === o.delimiter ? `\\${c}` : c))
          .join('');
  return rows.map((row) => `${row.map(one).join(o.delimiter)}\n`).join('');
}

export function readText(data: string, o: CopyOptions): (string | null)[][] {
  const letters: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
  const rows: (string | null)[][] = [];
  for (const line of data.split('\n').slice(0, -1)) {
    const raw: string[] = [''];
    for (let i = 0; i < line.length; i++) {
      if (line[i] === '\\') raw.push(`${raw.pop()}${line[i]}${line[++i] ?? ''}`);
      else if (line[i] === o.delimiter) raw.push('');
      else raw.push(`${raw.pop()}${line[i]}`);
    }
    rows.push(
      raw.map((f) => (f === o.nullText ? null : f.replaceAll(/\\([^])/g, (_, c: string) => letters[c] ?? c))),
    );
  }
  return rows;
}

export function writeCsv(rows: readonly (readonly Value[])[], o: CopyOptions): string {
  const one = (v: Value, i: number): string => {
    if (v === null) return o.nullText;
    const s = v.toString();
    const forced = o.forceQuote === '*' || o.forceQuote.includes(`col ${i}`);
    if (
      !forced &&
      s !== o.nullText &&
      s !== '\\.' &&
      ![o.delimiter, o.quote, '\n', '\r'].some((c) => s.includes(c))
    )
      return s;
    return (
      o.quote +
      Array.from(s)
        .map((c) => (c === o.quote || c === o.escape ? o.escape + c : c))
        .join('') +
      o.quote
    );
  };
  return rows.map((row) => `${row.map(one).join(o.delimiter)}\n`).join('');
}
