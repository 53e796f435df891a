import type { Logger } from 'pino';
import type { AgentRecord } from '../approvals/request.ts';
import { Catalog } from '../catalog/catalog.ts';
import type { DatabaseConfig, Installation } from '../config/installation.ts';
import type { Estimator } from '../gate/held.ts';
import { Judge } from '../gate/judge.ts';
import type { RuleSet } from '../policy/rules.ts';
import { clientConfig, controlConfig } from './control-config.ts';
import { openPlanner } from './estimator.ts';
import type { DatabaseRuntime } from './session-starter.ts';

/** How often the catalog is read when nothing says it changed, for DDL that does not pass through Postern. */
const CATALOG_POLL_MS = 5_000;

/**
 * Each database of an installation, with its catalog read, its judges and its planners. What is opened goes to
 * `undo` at once, so that a start that fails half-way closes it.
 */
export async function openDatabases(
  { databases, limits }: Installation,
  rules: () => RuleSet,
  log: Logger,
  undo: (() => Promise<void> | void)[],
): Promise<ReadonlyMap<string, DatabaseRuntime>> {
  const runtimes = new Map<string, DatabaseRuntime>();
  for (const config of databases.values()) {
    const catalog = await Catalog.open({
      connect: () => controlConfig(config),
      database: config.name,
      log,
      pollMs: CATALOG_POLL_MS,
    });
    undo.push(() => catalog.close());
    const sources = { rules, snapshot: () => catalog.snapshot };
    const planners = new Map(
      [...config.logins].map(([name, login]) => [name, openPlanner(clientConfig(config, login))]),
    );
    undo.push(async () => void (await Promise.all([...planners.values()].map((planner) => planner.close()))));
    const judgeFor = judges(config, sources, limits);
    const estimatorFor = (login: string): Estimator =>
      planners.get(login)?.estimate ?? (() => Promise.resolve(null));
    runtimes.set(config.name, { config, catalog, judgeFor, estimatorFor });
  }
  return runtimes;
}

/** One judge an agent, so that its sessions share what was read; a changed agent gets a new one. */
function judges(
  config: DatabaseConfig,
  sources: ConstructorParameters<typeof Judge>[2],
  limits: Installation['limits'],
): (agent: AgentRecord) => Judge {
  const known = new Map<string, { readonly groups: string; readonly judge: Judge }>();
  return ({ name, owner, groups }) => {
    const key = JSON.stringify([owner, groups]);
    const before = known.get(name);
    if (before?.groups === key) return before.judge;
    const where = { database: config.name, environment: config.environment };
    const judge = new Judge({ name, owner, groups }, where, sources, limits);
    known.set(name, { groups: key, judge });
    return judge;
  };
}
