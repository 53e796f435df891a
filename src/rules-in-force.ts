/** The rules that every judge reads: replaced as a whole when a valid new file appears, kept as they are otherwise. */
import type { Logger } from 'pino';
import type { Trail } from './audit/event.ts';
import { invalidConfiguration } from './config/read-installation.ts';
import { formatProblem } from './config/problem.ts';
import { loadRules, watchRules, type RulesOutcome, type RulesWatch } from './config/watch-rules.ts';
import type { RuleSet } from './policy/rules.ts';

export class RulesInForce {
  current: RuleSet;

  /** @throws PosternError `config-invalid` */
  constructor(file: string) {
    const outcome = loadRules(file);
    if (outcome.kind === 'invalid') throw invalidConfiguration(outcome.problems);
    this.current = outcome.rules;
  }

  /** `adopted` is called after each change of `current`. */
  watch(file: string, trail: Trail, log: Logger, adopted: () => void): RulesWatch {
    return watchRules(file, this.current.version, (outcome) => {
      const before = this.current;
      const done = this.#adopt(outcome, trail, log).then(() => {
        if (this.current !== before) adopted();
      });
      done.catch((error: unknown) => {
        log.error({ err: error }, 'new rules were not taken: the trail cannot record them');
      });
    });
  }

  async #adopt(outcome: RulesOutcome, trail: Trail, log: Logger): Promise<void> {
    if (outcome.kind === 'invalid') {
      const problems = outcome.problems.map(formatProblem);
      log.error({ problems }, 'rules.yaml is not valid; the old rules stay in force');
      const rules_version = outcome.version ?? '';
      return trail.record({ kind: 'rules_rejected', rules_version, problems: problems.length });
    }
    await trail.record({ kind: 'rules_loaded', rules_version: outcome.rules.version });
    this.current = outcome.rules;
    log.info({ version: outcome.rules.version }, 'new rules are in force');
  }
}
