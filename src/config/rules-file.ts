/**
 * rules.yaml as values. Pure: bytes in, a RuleSet or every problem with its line out. Nothing is repaired or
 * guessed: a file with one wrong key does not load, and the rules in force stay.
 */
import { createHash } from 'node:crypto';
import type { DefaultKey, MaskFunction, MaskRule, Rule, RuleSet, Verdict } from '../policy/rules.ts';
import { DEFAULT_EXPIRES_MS, DEFAULT_QUORUM } from '../policy/limits.ts';
import type { Action } from '../sql/statement.ts';
import { MAX_PROBLEMS } from './limits.ts';
import type { Problem } from './problem.ts';
import { RESERVED, rulesSchema } from './rules-schema.ts';
import type { WrittenRules } from './rules-schema.ts';
import { problemsOf } from './schema-problems.ts';
import { readYaml } from './yaml-source.ts';
import type { YamlSource } from './yaml-source.ts';

export type RulesReading =
  | { readonly kind: 'ok'; readonly rules: RuleSet }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

/** Verdicts where rules.yaml names none: what only looks is allowed, everything else waits for a person. */
export const DEFAULT_VERDICTS: Readonly<Record<DefaultKey, Verdict>> = {
  read: 'allow',
  write: 'allow',
  destructive: 'hold',
  export: 'hold',
  ddl: 'hold',
  privilege: 'hold',
  code: 'hold',
  config: 'hold',
  session: 'allow',
  unknown: 'hold',
  laundering: 'hold',
  influence: 'hold',
  unmask: 'hold',
};

/**
 * Validates a rules file.
 * @param bytes the file as it is on disk; its SHA-256 becomes the version
 * @param file the name problems are reported under
 */
export function parseRules(bytes: Buffer, file: string): RulesReading {
  const reading = readYaml(bytes, file);
  if (reading.kind === 'invalid') return reading;
  const { source } = reading;
  if (source.data === null || source.data === undefined) {
    return {
      kind: 'invalid',
      problems: [source.problem([], 'the file is empty', 'the smallest rules file is `version: 1`')],
    };
  }
  const parsed = rulesSchema.safeParse(source.data);
  const problems = parsed.success
    ? [...duplicates(source, parsed.data), ...contradictions(source, parsed.data)]
    : problemsOf(source, rulesSchema, parsed.error.issues, RESERVED);
  if (!parsed.success || problems.length > 0) {
    return { kind: 'invalid', problems: inOrder(problems).slice(0, MAX_PROBLEMS) };
  }
  return { kind: 'ok', rules: ruleSet(parsed.data, rulesVersion(bytes)) };
}

/** The version of a rules file: lower-case hex SHA-256 of its bytes. */
export function rulesVersion(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

function ruleSet(written: WrittenRules, version: string): RuleSet {
  const masks = (written.masks ?? []).map((mask): MaskRule => ({
    name: mask.name,
    columns: mask.columns,
    with: maskOf(mask),
    searchable: mask.searchable ?? [],
    visibleTo: { agents: mask.visibleTo?.agents ?? [], groups: mask.visibleTo?.groups ?? [] },
  }));
  const rules = (written.rules ?? []).map((rule): Rule => ({
    name: rule.name,
    then: rule.then,
    // zod leaves optional keys out, it does not set them to undefined
    when: rule.when as Rule['when'],
    approvers: rule.approvers ?? [],
    quorum: rule.quorum ?? DEFAULT_QUORUM,
    expiresMs: rule.expires ?? DEFAULT_EXPIRES_MS,
    ...(rule.escalate === undefined
      ? {}
      : { escalate: { afterMs: rule.escalate.after, to: rule.escalate.to } }),
    ...(rule.mode === undefined ? {} : { mode: rule.mode }),
    ...(rule.wait === undefined ? {} : { waitMs: rule.wait }),
    ...(rule.requireReason === undefined ? {} : { requireReason: rule.requireReason }),
  }));
  const defaults = { ...DEFAULT_VERDICTS };
  for (const [key, verdict] of Object.entries(written.defaults ?? {})) {
    if (verdict !== undefined) defaults[key as DefaultKey] = verdict;
  }
  const reveal = written.reveal?.groups;
  const trust = { functions: written.trust?.functions ?? [] };
  return { version, masks, rules, defaults, trust, ...(reveal === undefined ? {} : { reveal }) };
}

type WrittenMask = NonNullable<WrittenRules['masks']>[number];

/** `detect` with `with` is one function. Called for masks without problems only. */
function maskOf({ with: mask, detect }: WrittenMask): MaskFunction {
  if (detect === undefined) return mask ?? { kind: 'null' };
  const detectors = [...new Set(detect)];
  if (mask === undefined) return { kind: 'detect', detectors, with: { kind: 'label' } };
  const fits = mask.kind === 'redact' || mask.kind === 'hash' || mask.kind === 'partial';
  return fits ? { kind: 'detect', detectors, with: mask } : mask;
}

/** A name stands for one thing in causes, events and requests; masks and rules share the namespace. */
function duplicates(source: YamlSource, written: WrittenRules): Problem[] {
  const first = new Map<string, string>();
  const problems: Problem[] = [];
  for (const list of ['masks', 'rules'] as const) {
    for (const [index, { name }] of (written[list] ?? []).entries()) {
      const earlier = first.get(name.toLowerCase());
      if (earlier === undefined) first.set(name.toLowerCase(), `${list}[${index}]`);
      else
        problems.push(
          source.problem(
            [list, index, 'name'],
            `the name "${name}" is taken by ${earlier}`,
            'give each mask and rule its own name',
          ),
        );
    }
  }
  return problems;
}

const FOR_FINDINGS: readonly MaskFunction['kind'][] = ['redact', 'hash', 'partial'];

/** An escalation that comes too late, or opens what is open to everybody. */
function escalates(
  source: YamlSource,
  rule: NonNullable<WrittenRules['rules']>[number],
  index: number,
): Problem[] {
  const { escalate, approvers, expires = DEFAULT_EXPIRES_MS } = rule;
  if (escalate === undefined || rule.then === 'deny') return [];
  const at = ['rules', index, 'escalate'];
  const problems: Problem[] = [];
  if (approvers === undefined)
    problems.push(
      source.problem(at, 'every approver may decide this already', 'name approvers, or remove it', true),
    );
  if (escalate.after >= expires)
    problems.push(
      source.problem(
        [...at, 'after'],
        'the request would be over by then',
        'raise expires, or escalate earlier',
      ),
    );
  return problems;
}

/** Keys that are right by themselves and mean nothing together. */
function contradictions(source: YamlSource, written: WrittenRules): Problem[] {
  const problems: Problem[] = [];
  for (const [index, mask] of (written.masks ?? []).entries()) {
    if (mask.with === undefined && mask.detect === undefined)
      problems.push(source.problem(['masks', index, 'with'], '"with" is missing'));
    if (mask.detect !== undefined && mask.with !== undefined && !FOR_FINDINGS.includes(mask.with.kind)) {
      problems.push(
        source.problem(
          ['masks', index, 'with'],
          `"${mask.with.kind}" cannot stand in place of what \`detect\` finds`,
          'one of redact, hash, partial: { keepLast: 4 }; without `with`, [email] and the like',
        ),
      );
    }
    if (mask.with?.kind === 'partial' && mask.with.keepFirst + mask.with.keepLast === 0) {
      problems.push(
        source.problem(
          ['masks', index, 'with'],
          'partial keeps nothing',
          'write partial: { keepLast: 4 }, or redact',
        ),
      );
    }
  }
  for (const [index, rule] of (written.rules ?? []).entries()) {
    if (rule.then === 'deny') {
      for (const key of DECIDING) {
        if (rule[key] === undefined) continue;
        problems.push(
          source.problem(
            ['rules', index, key],
            `"${key}" has no meaning with \`then: deny\``,
            'remove it, or hold instead',
            true,
          ),
        );
      }
    }
    problems.push(
      ...escalates(source, rule, index),
      ...waits(source, rule, index),
      ...rowLimits(source, rule, index),
    );
    const action = rule.when.action;
    if (rule.when.destructive === true && action !== undefined && !action.includes('write')) {
      problems.push(
        source.problem(
          ['rules', index, 'when', 'destructive'],
          'only writes are destructive, so this rule would never match',
          'add write to action, or remove action',
          true,
        ),
      );
    }
  }
  return problems;
}

/** Actions of statements that may give rows. */
const GIVING_ROWS: readonly Action[] = ['read', 'export', 'write', 'code', 'session', 'unknown'];

/** Limits on rows that nothing would ever meet, or that would mean two things at once. */
function rowLimits(
  source: YamlSource,
  rule: NonNullable<WrittenRules['rules']>[number],
  index: number,
): Problem[] {
  const { rowsOver, rowsPerHourOver, action } = rule.when;
  const key = rowsOver === undefined ? 'rowsPerHourOver' : 'rowsOver';
  if (rule.when[key] === undefined) return [];
  const at = ['rules', index, 'when', key];
  if (rowsOver !== undefined && rowsPerHourOver !== undefined)
    return [source.problem(at, 'a rule has one limit on rows', 'write a rule for each', true)];
  if (rule.when.inTransaction !== undefined)
    return [
      source.problem(
        ['rules', index, 'when', 'inTransaction'],
        'rows are counted whether a transaction is open or not',
        'remove it',
        true,
      ),
    ];
  if (action === undefined || action.some((one) => GIVING_ROWS.includes(one))) return [];
  const message = `${action.join(', ')} gives no rows, so this rule would never match`;
  return [source.problem(at, message, 'use action: read, or remove action', true)];
}

/** Keys about who decides, and how it is waited for. */
const DECIDING = ['approvers', 'quorum', 'expires', 'escalate', 'mode', 'wait', 'requireReason'] as const;

/** A wait that no request can last as long as, or that no session will do. */
function waits(
  source: YamlSource,
  rule: NonNullable<WrittenRules['rules']>[number],
  index: number,
): Problem[] {
  const { wait, mode } = rule;
  if (wait === undefined) return [];
  const at = ['rules', index, 'wait'];
  if (mode === 'return')
    return [source.problem(at, '"wait" has no meaning with `mode: return`', 'remove one of them', true)];
  if (wait <= (rule.expires ?? DEFAULT_EXPIRES_MS)) return [];
  return [source.problem(at, 'a session cannot wait longer than the request is open', 'raise `expires`')];
}
