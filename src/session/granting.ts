/**
 * Which statements time-boxed grants show something of: those that visibility for one execution could be asked
 * for (`showing.ts`), and that do nothing but read. Any other is masked as if there were no grant.
 *
 * Invariants: what is shown is what was granted, by identity, under the rules it was granted under (I4); the
 * verdict is that without the grant, so what is held is held all the same, and whoever approves it is told what
 * it would show; rows are reserved and recorded before the statement is sent (I7).
 */
import type { Grant } from '../approvals/grant.ts';
import type { Lease } from '../approvals/grant-lease.ts';
import { PosternError } from '../errors.ts';
import type { Judged } from '../gate/judge.ts';
import { changedMeaning, type GrantedColumn } from '../policy/granted.ts';
import { GrantUse } from './grant-use.ts';
import { obstacle } from './showing.ts';
import type { SessionState } from './state.ts';

/** A statement that grants show something of. */
export type Grantable = { readonly judged: Judged; readonly grants: readonly Grant[] };

/** Null where it runs as if there were no grant. */
export function grantable(session: SessionState, base: Judged): Grantable | null {
  const { grants } = session.parts;
  if (!grants.any || base.judgement.verdict === 'deny') return null;
  if (base.judgement.statements.every((s) => s.maskedColumns.length === 0)) return null;
  if (base.snapshot.version === 0 || obstacle(session, base) !== null) return null;
  const inTransaction = session.transaction !== 'I' || session.implicitWork;
  let found: Grantable | null = null;
  let columns: readonly GrantedColumn[] = [];
  for (const grant of grants.active) {
    if (!stands(session, grant, base)) continue;
    const more = grant.columns.filter((one) => !columns.some((other) => isSame(one, other)));
    if (more.length === 0) continue;
    const wider = [...columns, ...more];
    const judged = session.parts.gate.judge.judgeGranted(base.text, inTransaction, wider);
    const chosen: readonly Grant[] = [...(found?.grants ?? []), grant];
    if (!adds(judged, found, base) || !covers(chosen, judged, base)) continue;
    found = { judged, grants: chosen };
    columns = wider;
  }
  return found;
}

/**
 * Takes the first rows of each grant for one execution, which must be the next thing the server answers.
 * @returns null where a grant is over or has no rows left, the store cannot be asked, or what was judged is no
 *   longer in force: then the statement runs as if there were no grant
 * @throws PosternError `trail-unavailable`, `shutting-down`
 */
export async function useGrants(session: SessionState, found: Grantable): Promise<GrantUse | null> {
  const { judged } = found;
  const { granted } = judged;
  const { sessionId, gate, grants } = session.parts;
  if (granted === undefined) return null;
  const use = { sessionId, fingerprint: judged.facts.fingerprint, relations: judged.facts.relations };
  const leases: Lease[] = [];
  const giveBack = (): null => {
    for (const lease of leases) lease.settle();
    return null;
  };
  try {
    for (const grant of found.grants) {
      const lease = await grants.use(grant, use);
      if (lease === null) return giveBack();
      leases.push(lease);
    }
  } catch (error) {
    giveBack();
    // Nobody can say what is left of it, so nothing is shown.
    if (error instanceof PosternError && error.code === 'store-unavailable') return null;
    throw error;
  }
  const stale = gate.judge.masks !== judged.masks || session.altered;
  if (session.closed || session.skipping || session.use !== null || stale) return giveBack();
  let { masks } = judged;
  const look = (): void => {
    const { judge } = gate;
    if (judge.masks === masks) return;
    ({ masks } = judge);
    const now = { rulesVersion: judge.rules.version, snapshot: judge.snapshot };
    for (const grant of found.grants) stands(session, grant, now);
  };
  return new GrantUse(leases, granted, { look, stop: session.endResult });
}

/** What was granted is what it was; a grant of something else is ended. */
function stands(
  session: SessionState,
  grant: Grant,
  { rulesVersion, snapshot }: Pick<Judged, 'rulesVersion' | 'snapshot'>,
): boolean {
  const changed =
    grant.rulesVersion === rulesVersion
      ? changedMeaning(grant.columns, snapshot)
      : 'the rules have changed since';
  if (changed === null) return true;
  session.parts.grants.voided(grant, changed);
  return false;
}

/** Fewer masked columns are in its reach than without it. */
function adds({ granted }: Judged, before: Grantable | null, base: Judged): boolean {
  const all = base.judgement.statements.reduce((sum, one) => sum + one.maskedColumns.length, 0);
  return granted !== undefined && granted.reach < (before?.judged.granted?.reach ?? all);
}

/** A rule about showing these columns in such a statement is one that the grants were made under. */
function covers(grants: readonly Grant[], { granted }: Judged, base: Judged): boolean {
  if (granted === undefined || granted.denied) return false;
  const met = new Set(['defaults.unmask', ...base.judgement.causes.map((cause) => cause.rule)]);
  for (const grant of grants) for (const rule of grant.rules) met.add(rule);
  return granted.rules.every((rule) => met.has(rule));
}

function isSame(a: GrantedColumn, b: GrantedColumn): boolean {
  return a.relation === b.relation && a.attnum === b.attnum;
}
