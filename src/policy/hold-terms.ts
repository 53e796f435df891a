/** What a request needs, from the rules that hold: each must be satisfied by itself, within the shortest time. */
import type { HoldRequirement, HoldTerms } from './judgement.ts';
import { DEFAULT_EXPIRES_MS, DEFAULT_QUORUM } from './limits.ts';
import type { Rule } from './rules.ts';

/** @param rules those that hold; none where only defaults do */
export function holdTermsOf(rules: readonly Rule[]): HoldTerms {
  const requirements = rules.map(requirementOf);
  const escalating = rules.flatMap((rule) => rule.escalate ?? []);
  const groups = new Map(
    rules
      .filter((rule) => rule.approvers.length > 0)
      .map((rule) => [JSON.stringify(rule.approvers.toSorted()), rule.approvers]),
  );
  const expiresMs =
    rules.length === 0 ? DEFAULT_EXPIRES_MS : Math.min(...rules.map((rule) => rule.expiresMs));
  return {
    requirements: requirements.length === 0 ? [BY_DEFAULT] : requirements,
    escalation:
      escalating.length === 0
        ? null
        : {
            afterMs: Math.min(...escalating.map((one) => one.afterMs)),
            to: [...new Set(escalating.flatMap((one) => one.to))],
          },
    approverGroups: [...groups.values()],
    quorum: Math.max(DEFAULT_QUORUM, ...rules.map((rule) => rule.quorum)),
    expiresMs,
    mode: rules.some((rule) => rule.mode === 'return') ? 'return' : 'wait',
    waitMs: Math.min(expiresMs, ...rules.map((rule) => rule.waitMs ?? expiresMs)),
    wantReason: rules.filter((rule) => rule.requireReason === true).map((rule) => rule.name),
  };
}

function requirementOf({ name, approvers, quorum, escalate }: Rule): HoldRequirement {
  return { rule: name, approvers, quorum, escalateTo: escalate?.to ?? [] };
}

/** Where only defaults hold. */
const BY_DEFAULT: HoldRequirement = {
  rule: 'defaults',
  approvers: [],
  quorum: DEFAULT_QUORUM,
  escalateTo: [],
};
