/**
 * Every way Postern refuses, in one table. A refusal has a stable code, the SQLSTATE a driver sees, the
 * HTTP status the API answers, a sentence that says what happened and one that says what to do next.
 * `docs/errors.md` lists the same codes; a test holds the two together. Texts never quote SQL literals.
 */
import type { ErrorEntry } from './error-table/entry.ts';
import { CONNECTIONS } from './error-table/connections.ts';
import { INTERFACES } from './error-table/interfaces.ts';
import { STATEMENTS } from './error-table/statements.ts';

export type { ErrorEntry } from './error-table/entry.ts';

export const ERRORS = { ...STATEMENTS, ...CONNECTIONS, ...INTERFACES } as const satisfies Record<
  string,
  ErrorEntry
>;
