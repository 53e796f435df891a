/**
 * The one door to libpg-query: text in, PostgreSQL's own raw parse tree out, or the reason why not.
 *
 * Invariant: never throws, and never returns a tree of anything but the whole text. Texts that could overflow
 * the parser's stack are refused first (`nesting.ts`); should it break all the same, that instance is never
 * used again: everything is unreadable until a fresh one is loaded. Non-goal: understanding the tree.
 */
import type { RawStmt } from 'libpg-query';
import { MAX_NESTING, MAX_PARSER_RELOADS, NESTING_UNCHECKED_BYTES } from './limits.ts';
import { nestsBeyond } from './nesting.ts';

type Engine = typeof import('libpg-query');
export type ScanToken = {
  readonly start: number;
  readonly end: number;
  readonly tokenType: number;
  readonly text: string;
};

export type Parsed =
  | { readonly kind: 'parsed'; readonly statements: readonly RawStmt[] }
  | {
      readonly kind: 'unreadable';
      readonly reason: string;
      readonly limit: boolean;
      readonly position?: number;
      readonly forClient?: string;
    };

let engine: Engine | null = null;
let loading: Promise<void> | null = null;
let generation = 0;

/** `broken` is for good: it broke more often than it is loaded again. */
export type ParserState = 'ready' | 'loading' | 'broken';

export function parserState(): ParserState {
  if (engine !== null) return 'ready';
  return generation > MAX_PARSER_RELOADS ? 'broken' : 'loading';
}

/** How often the parser broke. */
export function parserReloads(): number {
  return generation;
}

/** Loads the parser; must have resolved before the first `analyze`, which holds everything until then. */
export function loadParser(): Promise<void> {
  if (engine !== null) return Promise.resolve();
  loading ??= load().finally(() => {
    loading = null;
  });
  return loading;
}

async function load(): Promise<void> {
  // a query makes the module loader evaluate the file anew, and so instantiate a fresh WebAssembly module
  const url = `${import.meta.resolve('libpg-query/wasm/index.js')}?generation=${generation}`;
  const fresh = (await import(url)) as Engine;
  await fresh.loadModule();
  engine = fresh;
}

/** `byteLength` is the text's length in UTF-8. */
export function parseText(text: string, byteLength: number): Parsed {
  if (engine === null) return unreadable('the SQL parser is not loaded', false);
  // C strings end at NUL, and a lone surrogate has no UTF-8: either would be parsed as another text
  if (text.includes('\u0000')) return unreadable('the statement holds a NUL character', false);
  if (!text.isWellFormed()) return unreadable('the statement is not valid Unicode', false);
  if (text === '') return { kind: 'parsed', statements: [] };
  if (byteLength > NESTING_UNCHECKED_BYTES && nestsBeyond(text, MAX_NESTING)) {
    return unreadable('the statement is nested too deeply', true);
  }
  try {
    return { kind: 'parsed', statements: engine.parseSync(text).stmts ?? [] };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'SqlError') {
      discardEngine();
      return unreadable('the SQL parser gave up on the statement', true);
    }
    if (error.message.startsWith('memory exhausted')) {
      return unreadable('the statement is nested too deeply', true);
    }
    // the parser's message quotes the text near the error, which may be a literal
    const reason = 'PostgreSQL’s parser finds a syntax error in it';
    return { kind: 'unreadable', reason, limit: false, ...positionOf(error), forClient: error.message };
  }
}

/**
 * What PL/pgSQL's own parser makes of a `CREATE FUNCTION`; null where it refuses the text or does not take it.
 * It knows no catalog, so it refuses some functions that PostgreSQL runs.
 */
export function parsePlpgsql(text: string): unknown {
  if (engine === null || text.includes('\u0000') || !text.isWellFormed()) return null;
  if (text.length > NESTING_UNCHECKED_BYTES && nestsBeyond(text, MAX_NESTING)) return null;
  try {
    return engine.parsePlPgSQLSync(text);
  } catch (error) {
    // its refusals are plain errors; anything else came from the engine itself
    if (!(error instanceof Error) || error.name !== 'Error') discardEngine();
    return null;
  }
}

/** Where a syntax error is, as ErrorResponse counts: in characters, from 1. */
function positionOf(error: object): { readonly position?: number } {
  const { sqlDetails } = error as { readonly sqlDetails?: { readonly cursorPosition?: number } };
  const at = sqlDetails?.cursorPosition ?? -1;
  return at < 0 ? {} : { position: at + 1 };
}

/** The tokens of a text, comments included, offsets in bytes; null where it cannot be scanned. */
export function scanText(text: string): readonly ScanToken[] | null {
  if (engine === null || text.includes('\u0000') || !text.isWellFormed()) return null;
  if (text === '') return [];
  try {
    return engine.scanSync(text.replaceAll(/\p{Cc}/gu, escapable)).tokens;
  } catch (error) {
    // the scanner reports an error as text that is no JSON; it does not recurse, so nothing else is expected
    if (!(error instanceof SyntaxError) && !(error instanceof Error && error.name === 'SqlError')) {
      if (error instanceof RangeError || (error instanceof Error && error.name === 'RuntimeError'))
        discardEngine();
    }
    return null;
  }
}

/**
 * The scanner's JSON leaves control characters as they are, which no JSON parser takes. What stands in for one
 * here is as long and lexes alike: a blank for a blank, else a token of its own outside literals.
 */
function escapable(control: string): string {
  if (control >= '\u0020' || control === '\t' || control === '\n' || control === '\r') return control;
  return control === '\v' || control === '\f' ? ' ' : ';';
}

function discardEngine(): void {
  engine = null;
  if (++generation > MAX_PARSER_RELOADS) return;
  // until this succeeds every statement is unreadable, which is what a caller has to act on
  loadParser().catch(() => undefined);
}

function unreadable(reason: string, limit: boolean): Parsed {
  return { kind: 'unreadable', reason, limit };
}
