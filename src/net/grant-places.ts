/** Where a grant is to hold: the agent, the database, and what names and rules mean there now. */
import type { NewGrant } from '../approvals/grant.ts';
import type { Agents } from '../approvals/request.ts';
import { PosternError } from '../errors.ts';
import { grantTerms } from '../gate/grant-terms.ts';
import type { RuleSet } from '../policy/rules.ts';
import type { DatabaseRuntime } from './session-starter.ts';

export type GrantAsked = {
  readonly agent: string;
  /** Null: the only one that the agent may use. */
  readonly database: string | null;
  readonly columns: readonly string[];
};

/** @throws PosternError `not-found`, and what `grantTerms` throws */
export function grantTermsOf(
  databases: ReadonlyMap<string, DatabaseRuntime>,
  agents: Agents,
  rules: () => RuleSet,
): (asked: GrantAsked) => Promise<Omit<NewGrant, 'expiresMs' | 'maxRows' | 'reason'>> {
  return async (asked) => {
    const agent = await agents.find(asked.agent);
    if (agent === null) throw new PosternError('not-found', { what: 'agent', name: asked.agent });
    if (agent.disabled) throw bad(`agent "${agent.name}" is disabled`);
    const usable = [...databases.keys()].filter(
      (name) => agent.databases.includes('*') || agent.databases.includes(name),
    );
    const [only, ...others] = usable;
    if (asked.database === null && others.length > 0)
      throw bad(`agent "${agent.name}" may use ${usable.join(', ')}: name the database`);
    const database = asked.database ?? only ?? '';
    const runtime = usable.includes(database) ? databases.get(database) : undefined;
    if (runtime === undefined)
      throw new PosternError('not-found', { what: `database of agent "${agent.name}"`, name: database });
    const { environment } = runtime.config;
    const terms = grantTerms(asked.columns, {
      agent,
      database,
      environment,
      rules: rules(),
      snapshot: runtime.catalog.snapshot,
    });
    return { agent: agent.name, owner: agent.owner, database, environment, ...terms };
  };
}

function bad(reason: string): PosternError {
  return new PosternError('bad-input', { reason });
}
