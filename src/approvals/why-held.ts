import { MAX_WHY_CHARS } from './limits.ts';
import type { Request } from './request.ts';

/** The rules that hold a statement and what it would do, for the agent to mend it by. No literals are in either. */
export function whyHeld({ rules, actions }: Pick<Request, 'rules' | 'actions'>): string {
  const reasons = [...new Set(actions.map(({ reason }) => reason))];
  const why = `${[...new Set(rules)].join(', ')}: ${reasons.join('; ')}`;
  return why.length <= MAX_WHY_CHARS ? why : `${why.slice(0, MAX_WHY_CHARS - 1)}…`;
}
