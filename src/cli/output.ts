/**
 * Everything the CLI prints goes through here.
 *
 * Invariant: text that an agent, or anybody else, wrote reaches a terminal only through `safe`, so that it can
 * neither move the cursor, nor reorder or hide what an approver reads, nor pass for a line of ours.
 * Non-goals: telling look-alike letters apart. They are shown as they are.
 */

/**
 * What does not show as itself: controls (ESC and C1 among them), formats (bidi U+202A-E and U+2066-9, zero
 * width, soft hyphen, tags), separators other than the plain space, private and unassigned code points, lone
 * surrogates; fillers and selectors that Unicode counts as letters or marks and that show as nothing (U+2800
 * is the blank Braille pattern); and marks piled so high that they cover other lines.
 */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}|(?<=\p{M}{3})\p{M}/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line that is safe to print: each unsafe character as `\n`, `\t` or `\u{202e}`. Never longer than it needs. */
export function safe(text: string): string {
  return text.replaceAll(
    UNSAFE,
    (found) => SHORT[found] ?? `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** `safe`, with blanks and line ends made single spaces, cut to `width` columns and marked with `…` where cut. */
export function oneLine(text: string, width: number): string {
  const line = safe(text.replaceAll(/\s+/g, ' ').trim());
  return columnsOf(line) <= width ? line : `${cut(line, width - 2)}…`;
}

const GUTTER = '  | ';

/**
 * Text of several lines, whole, each line behind a gutter. Long lines are broken here and not by the terminal,
 * or the agent could write a line that starts where ours do.
 */
export function block(text: string, width: number): string {
  const lines = text.split(/\r?\n/).flatMap((line) => wrap(safe(line), width - GUTTER.length));
  return lines.map((line) => GUTTER + line).join('\n');
}

/** Rows with a header, columns as wide as their widest cell; the last one takes what is left. Cells are made safe. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): string {
  const last = header.length - 1;
  const cells = [header, ...rows].map((row) =>
    row.map((cell, i) => (i === last ? cell : oneLine(cell, MAX_CELL))),
  );
  const widths = header.map((_, i) => Math.max(...cells.map((row) => columnsOf(row[i] ?? ''))));
  const left = widths.slice(0, last).reduce((sum, one) => sum + one + 2, 0);
  return cells
    .map((row) =>
      row
        .map((cell, i) =>
          i === last
            ? oneLine(cell, Math.max(width - left, MIN_LAST_CELL))
            : cell + ' '.repeat((widths[i] ?? 0) - columnsOf(cell) + 2),
        )
        .join('')
        .trimEnd(),
    )
    .join('\n');
}

/** Beyond this a name is shortened in a list; `show` has it whole. */
const MAX_CELL = 32;
const MIN_LAST_CELL = 20;

/** `4s`, `12m`, `3h`, `2d`: the larger unit only, or with the next one where `fine`. */
export function duration(ms: number, fine = false): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const units: readonly (readonly [string, number])[] = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ];
  const at = units.findIndex(([, size]) => seconds >= size);
  const [unit, size] = units[at] ?? ['s', 1];
  const next = units[at + 1];
  const rest = next === undefined ? 0 : Math.floor((seconds % size) / next[1]);
  return fine && next !== undefined && rest > 0
    ? `${Math.floor(seconds / size)}${unit} ${rest}${next[0]}`
    : `${Math.floor(seconds / size)}${unit}`;
}

/** A word for a POSIX shell that means exactly `text`. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** What a request would do, each kind once. */
export function actionsOf(request: { readonly actions: readonly { readonly action: string }[] }): string {
  return [...new Set(request.actions.map((one) => one.action))].join(',');
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** JSON for programs. Escapes what `safe` would, in JSON's own way, because people look at it too. */
export function json(value: unknown, indent = 2): string {
  // JSON.stringify leaves its own line ends and no others, so every other unsafe character is inside a string.
  return JSON.stringify(value, null, indent)
    .split('\n')
    .map((line) => line.replaceAll(UNSAFE, unicodeEscape))
    .join('\n');
}

/** Columns of the terminal; wide enough to be useful where there is none. */
export function terminalWidth(): number {
  return Math.max(60, process.stdout.columns ?? 120);
}

function unicodeEscape(found: string): string {
  let escaped = '';
  for (let i = 0; i < found.length; i++) escaped += `\\u${found.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return escaped;
}

/** At most this many columns: marks take none and East Asian letters two, so all but ASCII is counted as two. */
function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += character <= '~' ? 1 : 2;
  return columns;
}

/** Pieces of at most `width` columns that make up the line again; broken after a space where one is near the end. */
function wrap(line: string, width: number): string[] {
  const pieces: string[] = [];
  let rest = line;
  for (let full = cut(rest, width); full.length < rest.length; full = cut(rest, width)) {
    const space = full.lastIndexOf(' ') + 1;
    const piece = space > full.length * (2 / 3) ? full.slice(0, space) : full;
    pieces.push(piece);
    rest = rest.slice(piece.length);
  }
  return [...pieces, rest];
}

/** As much of the beginning as fits, never half a character. */
function cut(line: string, width: number): string {
  let columns = 0;
  let end = 0;
  for (const character of line) {
    columns += character <= '~' ? 1 : 2;
    if (columns > width) break;
    end += character.length;
  }
  // At least one character, so that whoever cuts piece by piece comes to an end.
  return line.slice(0, Math.max(end, 1));
}
