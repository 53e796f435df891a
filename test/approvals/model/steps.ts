/**
 * The steps of the approvals' tests: what agents, approvers, time and crashes may do. Numbers stand for
 * whoever there is when the step is taken, so that any list of steps is one that can be played.
 */
import fc from 'fast-check';
import type { Answer, Approver } from '../../../src/approvals/request.ts';

/** Two stewards, a steward who owns the agents, one who counts after an escalation only, an outsider, a twin. */
export const PEOPLE: readonly Approver[] = [
  { name: 'ana', groups: ['stewards'] },
  { name: 'cleo', groups: ['stewards'] },
  { name: 'Olga', groups: ['stewards'] },
  { name: 'lee', groups: ['leads'] },
  { name: 'dan', groups: ['sales'] },
  { name: ' ANA ', groups: ['stewards', 'leads'] },
];
export const AGENTS = ['bot', 'etl'] as const;
/** The second wants two people. Each escalates to the leads. */
export const RELATIONS = [
  { name: 'public.one', quorum: 1 },
  { name: 'public.two', quorum: 2 },
] as const;
export const EXPIRES_MS = 60_000;
export const ESCALATES_MS = 25_000;
export const PASS_MS = 20_000;

export type Step =
  | {
      readonly what: 'send';
      readonly agent: number;
      readonly relation: number;
      readonly returns: boolean;
      readonly at: number;
    }
  | {
      readonly what: 'decide';
      readonly request: number;
      readonly person: number;
      readonly answer: Answer;
      readonly at: number;
    }
  | { readonly what: 'cancel'; readonly session: number }
  | { readonly what: 'misspend'; readonly request: number; readonly at: number }
  | { readonly what: 'pass' }
  /** After so many effects on trail and store, before or after the last of them; 0: at rest. */
  | { readonly what: 'crash'; readonly at: number; readonly effects: number; readonly done: boolean };

const at = fc.nat({ max: 5 });
const request = fc.nat({ max: 11 });

const send: fc.Arbitrary<Step> = fc.record({
  what: fc.constant('send'),
  agent: fc.nat({ max: AGENTS.length - 1 }),
  relation: fc.nat({ max: RELATIONS.length - 1 }),
  returns: fc.boolean(),
  at,
});
const decide: fc.Arbitrary<Step> = fc.record({
  what: fc.constant('decide'),
  request,
  // Mostly those who may, or little would ever run.
  person: fc.constantFrom(0, 0, 0, 1, 1, 1, 2, 3, 4, 5),
  answer: fc.constantFrom<Answer>('approve', 'approve', 'approve', 'approve', 'deny', 'escalate'),
  at,
});
const cancel: fc.Arbitrary<Step> = fc.record({ what: fc.constant('cancel'), session: fc.nat({ max: 9 }) });
const misspend: fc.Arbitrary<Step> = fc.record({ what: fc.constant('misspend'), request, at });
const pass: fc.Arbitrary<Step> = fc.record({ what: fc.constant('pass') });
const crash = (effects: number): fc.Arbitrary<Step> =>
  fc.record({ what: fc.constant('crash'), at, effects: fc.nat({ max: effects }), done: fc.boolean() });

/** One after the other; crashes at rest only, because what they leave is exactly known. */
export const inOrder: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: send },
    { weight: 8, arbitrary: decide },
    { weight: 1, arbitrary: cancel },
    { weight: 1, arbitrary: misspend },
    { weight: 1, arbitrary: pass },
    { weight: 1, arbitrary: crash(0) },
  ),
  { minLength: 4, maxLength: 24 },
);

/** Bursts of steps at once, and Posterns that die in the middle of them. */
export const atOnce: fc.Arbitrary<readonly (readonly Step[])[]> = fc.array(
  fc.array(
    fc.oneof(
      { weight: 7, arbitrary: send },
      { weight: 9, arbitrary: decide },
      { weight: 1, arbitrary: cancel },
      { weight: 1, arbitrary: misspend },
      { weight: 1, arbitrary: pass },
      { weight: 2, arbitrary: crash(14) },
    ),
    { minLength: 1, maxLength: 7 },
  ),
  { minLength: 2, maxLength: 7 },
);
