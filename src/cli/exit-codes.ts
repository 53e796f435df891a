/** How a command ends, for scripts. docs/cli.md lists the same. */
import { PosternError } from '../errors.ts';

export const EXIT = { ok: 0, refused: 1, usage: 2, unreachable: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command line, or a file it depends on, is wrong. */
export class UsageError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = 'UsageError';
    this.hint = hint;
  }
}

/** What the API answered when it refused. */
export class ApiRefusal extends Error {
  readonly code: string;
  readonly http: number;
  readonly hint: string;

  constructor(http: number, code: string, message: string, hint: string) {
    super(message);
    this.name = 'ApiRefusal';
    this.http = http;
    this.code = code;
    this.hint = hint;
  }
}

/** The command has said all there is to say and ends with this code. */
export class Finished extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super(`finished with ${exitCode}`);
    this.exitCode = exitCode;
  }
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Finished) return error.exitCode;
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof PosternError && error.code === 'api-unreachable') return EXIT.unreachable;
  return EXIT.refused;
}
