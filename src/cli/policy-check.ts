/** `postern policy check`: does a rules file load? Offline. */
import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { findRulesFile } from './connection.ts';
import { EXIT, Finished, UsageError } from './exit-codes.ts';
import { json, print, safe } from './output.ts';

export function policyCheckCommand(policy: Command): void {
  policy
    .command('check')
    .description('validate a rules file and name each problem with its place')
    .argument(
      '[file]',
      'the rules file; without it rules.yaml here, without that "rules" of .postern/cli.json',
    )
    .option('--json', 'print the problems as JSON')
    .action(async (named: string | undefined, options: { json?: true }) => {
      const file = named ?? rulesFile();
      // Only here is YAML needed; `postern approve` should not wait for it to load.
      const { parseRules } = await import('../config/rules-file.ts');
      const { formatProblem } = await import('../config/problem.ts');
      const reading = parseRules(bytesOf(file), file);
      if (reading.kind === 'ok') {
        const { version, masks, rules } = reading.rules;
        const facts = { file, version, masks: masks.length, rules: rules.length };
        print(
          options.json === true
            ? json({ ok: true, ...facts })
            : `${safe(file)} is valid: ${counted(masks.length, 'mask')}, ${counted(rules.length, 'rule')}, version ${version.slice(0, 12)}`,
        );
        return;
      }
      if (options.json === true) print(json({ ok: false, problems: reading.problems }));
      else for (const problem of reading.problems) print(safe(formatProblem(problem)));
      throw new Finished(EXIT.refused);
    });
}

function rulesFile(): string {
  return existsSync('rules.yaml') ? 'rules.yaml' : (findRulesFile() ?? 'rules.yaml');
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new UsageError(
      `${file} cannot be read: ${code === 'ENOENT' ? 'there is no such file' : code}`,
      'Name the rules file, or go to its folder.',
    );
  }
}
