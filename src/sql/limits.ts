/** Every bound of the SQL reader, in one place. What is over a bound is unreadable, never passed. */

/**
 * Nesting the parser is trusted with. Its recursive serialiser overflows the engine's stack from 4,000
 * levels on (measured with libpg-query 18.1.5 on Node 24: `COLLATE`, subscripts, `AT LOCAL`; 2,000 were safe
 * in every form tried), and an overflow inside WebAssembly leaves the parser's own stack pointer behind.
 */
export const MAX_NESTING = 1_000;

/** Texts this short cannot nest deeper than what was measured as safe: a level takes at least one byte. */
export const NESTING_UNCHECKED_BYTES = 2_000;

/** Depth of the tree the walk accepts; the tree has about two nodes per level of nesting in the text. */
export const MAX_TREE_DEPTH = 2_500;

/** Nodes in one message. A one-megabyte `INSERT … VALUES` has about 600,000. */
export const MAX_TREE_NODES = 2_000_000;

/** How often a parser that broke is replaced before the reader gives up and holds everything. */
export const MAX_PARSER_RELOADS = 8;

/** Characters of an agent's stated reason that are kept; more would not be read in a request. */
export const MAX_REASON_LENGTH = 500;

/**
 * Blocks, loops, branches and cases in one PL/pgSQL body, and so their nesting: the parser's serialiser recurses
 * over them and overflows the stack at 3,000 (measured as above; 1,000 were safe).
 */
export const MAX_PLPGSQL_BLOCKS = 500;

/** Characters of a function as it is read, its header included. */
export const MAX_FUNCTION_CHARS = 65_536;
