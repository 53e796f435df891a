/** A refusal as a value: a code of the table, with what fills its sentences. */
import { ERRORS, type ErrorEntry } from './error-table.ts';

export { ERRORS } from './error-table.ts';
export type { ErrorEntry } from './error-table.ts';

export type ErrorCode = keyof typeof ERRORS;

/** A refusal with a code from the registry. `message` is the filled-in text. */
export class PosternError extends Error {
  readonly code: ErrorCode;
  readonly sqlstate: string;
  readonly http: number;
  readonly hint: string;
  /** Where in the client's own text, in characters from 1; null where that makes no sense. */
  readonly position: number | null;

  constructor(
    code: ErrorCode,
    params: Readonly<Record<string, string | number>> = {},
    position: number | null = null,
  ) {
    const entry: ErrorEntry = ERRORS[code];
    super(fill(entry.text, params));
    this.name = 'PosternError';
    this.code = code;
    this.sqlstate = entry.sqlstate;
    this.http = entry.http;
    this.hint = fill(entry.hint, params);
    this.position = position;
  }
}

function fill(template: string, params: Readonly<Record<string, string | number>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? `{${name}}`));
}
