/**
 * A bound on how deep a text can nest, found without parsing it.
 *
 * The parser runs in WebAssembly and recurses over its tree. If that overflows the stack, the instance is
 * left unusable, so texts that could do it must be refused before they are parsed. This scan knows just as
 * much of the lexical rules as it takes to skip literals, quoted names and comments; elsewhere it counts
 * whatever can add a level: brackets that are open, and operators and keywords that chain to the left.
 * Commas, AND and OR begin a new chain, because lists and those two are flat in the tree.
 *
 * Non-goal: exactness. Too much is counted rather than too little; `parser.ts` has a second line of defence.
 */

const QUOTE = 0x27;
const DOUBLE_QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DOLLAR = 0x24;

/** Keywords that add a level to an expression, and (second set) to a whole query or FROM list. */
const CHAINING = new Set([
  'is',
  'isnull',
  'notnull',
  'collate',
  'at',
  'like',
  'ilike',
  'similar',
  'between',
  'in',
  'not',
  'case',
  'overlaps',
  'operator',
  'escape',
  'any',
  'all',
  'some',
]);
const STICKY = new Set(['union', 'intersect', 'except', 'join', 'select', 'with', 'explain', 'prepare']);
const LEVELS = new Set(['and', 'or']);

/** Whether the nesting of `text` may go beyond `limit` levels. */
export function nestsBeyond(text: string, limit: number): boolean {
  const words = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
  const operators = /[-+*/<>=~!@#%^&|`?:]+/y;
  // per open bracket: the chain being counted, and what commas do not end
  const chains: number[] = [0];
  const sticky: number[] = [0];
  let total = 0;
  let at = 0;
  while (at < text.length) {
    const skipped = skipOpaque(text, at);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    const char = text[at] as string;
    const top = chains.length - 1;
    words.lastIndex = at;
    const word = words.exec(text)?.[0];
    if (word !== undefined) {
      const lower = word.length > 9 ? '' : word.toLowerCase();
      if (CHAINING.has(lower)) total += bump(chains, top);
      else if (STICKY.has(lower)) total += bump(sticky, top);
      else if (LEVELS.has(lower)) total -= reset(chains, top);
      at += word.length;
    } else if (char === '(' || char === '[') {
      chains.push(0);
      sticky.push(1);
      total++;
      at++;
    } else if ((char === ')' || char === ']') && top > 0) {
      total -= (chains.pop() ?? 0) + (sticky.pop() ?? 0);
      // a subscript or a call hangs below what it follows
      if (char === ']') total += bump(chains, top - 1);
      at++;
    } else if (char === ',') {
      total -= reset(chains, top);
      at++;
    } else if (char === ';' && top === 0) {
      total -= reset(chains, 0) + reset(sticky, 0);
      at++;
    } else {
      operators.lastIndex = at;
      const run = operatorRun(operators.exec(text)?.[0]);
      if (run > 0) total += bump(chains, top);
      at += Math.max(run, 1);
    }
    if (total > limit) return true;
  }
  return false;
}

/** An operator ends where a comment begins. */
function operatorRun(run: string | undefined): number {
  if (run === undefined) return 0;
  const dashes = run.indexOf('--', 1);
  const block = run.indexOf('/*', 1);
  return Math.min(dashes < 0 ? run.length : dashes, block < 0 ? run.length : block);
}

function bump(counts: number[], index: number): number {
  counts[index] = (counts[index] ?? 0) + 1;
  return 1;
}

function reset(counts: number[], index: number): number {
  const was = counts[index] ?? 0;
  counts[index] = 0;
  return was;
}

/** The position after the literal, quoted name or comment that starts at `at`; `at` if none does. */
function skipOpaque(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === QUOTE) return skipQuoted(text, at, QUOTE, false);
  if (code === DOUBLE_QUOTE) return skipQuoted(text, at, DOUBLE_QUOTE, false);
  if ((code | 0x20) === 0x65 && text.charCodeAt(at + 1) === QUOTE)
    return skipQuoted(text, at + 1, QUOTE, true);
  if (code === DOLLAR) return skipDollar(text, at);
  if (text.startsWith('--', at)) {
    const end = /[\n\r]/g;
    end.lastIndex = at;
    return end.exec(text) === null ? text.length : end.lastIndex;
  }
  return text.startsWith('/*', at) ? skipComment(text, at) : at;
}

function skipQuoted(text: string, at: number, quote: number, backslashes: boolean): number {
  let next = at + 1;
  while (next < text.length) {
    const code = text.charCodeAt(next);
    if (backslashes && code === BACKSLASH) next += 2;
    else if (code !== quote) next++;
    else if (text.charCodeAt(next + 1) === quote) next += 2;
    else return next + 1;
  }
  return text.length;
}

function skipDollar(text: string, at: number): number {
  const tag = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
  tag.lastIndex = at;
  const open = tag.exec(text)?.[0];
  if (open === undefined) return at;
  const end = text.indexOf(open, at + open.length);
  return end < 0 ? text.length : end + open.length;
}

function skipComment(text: string, at: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = at;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}
