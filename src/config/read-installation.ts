import { PosternError } from '../errors.ts';
import { loadInstallation } from './installation-file.ts';
import type { Installation } from './installation.ts';
import { formatProblem, type Problem } from './problem.ts';
import type { Env } from './secrets.ts';

/**
 * postern.yaml, or why it cannot be used.
 * @param processes in place of what the file says
 * @throws PosternError `config-invalid`, naming each problem with its line
 */
export function readInstallation(file: string, env: Env, processes: number | null = null): Installation {
  const reading = loadInstallation(file, env, processes);
  if (reading.kind === 'invalid') throw invalidConfiguration(reading.problems);
  return reading.installation;
}

export function invalidConfiguration(problems: readonly Problem[]): PosternError {
  return new PosternError('config-invalid', { problems: problems.map(formatProblem).join('\n') });
}
