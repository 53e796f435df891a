/**
 * JSON paths as rules.yaml writes them: `$`, then `.name`, `."any name"`, `.*` or `[*]` as often as needed.
 * A small part of SQL's JSON path language, and nothing that the whole does not read the same way.
 */
import type { JsonPath, JsonStep } from '../policy/rules.ts';
import { MAX_JSON_STEPS } from './limits.ts';
import type { PatternReading } from './name-pattern.ts';

const STEP = /\.\*|\[\*\]|\.(?<name>[\p{L}_][\p{L}\p{M}\p{Nd}_]*)|\.(?<quoted>"(?:[^"\\\p{Cc}]|\\.)*")/uy;

/** `$.items[*].card` → its steps, or what is wrong with it. */
export function parseJsonPath(text: string): PatternReading<JsonPath> {
  if (!text.startsWith('$'))
    return invalid('a JSON path begins with $', `write $.${text.replace(/^\./, '')}`);
  const steps: JsonStep[] = [];
  let at = 1;
  while (at < text.length) {
    STEP.lastIndex = at;
    const match = STEP.exec(text);
    const step = match === null ? null : stepOf(match);
    if (step === null) return wrongStep(text.slice(at));
    steps.push(step);
    at = STEP.lastIndex;
  }
  if (steps.length === 0) return invalid('$ alone is the whole value', 'write with: null to mask all of it');
  if (steps.length > MAX_JSON_STEPS) return invalid(`must not have more than ${MAX_JSON_STEPS} steps`, null);
  return { kind: 'ok', pattern: steps };
}

function stepOf(match: RegExpExecArray): JsonStep | null {
  if (match[0] === '.*') return { kind: 'members' };
  if (match[0] === '[*]') return { kind: 'elements' };
  if (match.groups?.['name'] !== undefined) return { kind: 'member', name: match.groups['name'] };
  try {
    return { kind: 'member', name: JSON.parse(match.groups?.['quoted'] ?? '') as string };
  } catch {
    return null;
  }
}

function wrongStep(rest: string): PatternReading<JsonPath> {
  const shown = rest.length <= 20 ? rest : `${rest.slice(0, 20)}…`;
  if (/^\[-?\d/.test(rest) || /^\[\s*(?:last|\d)/.test(rest))
    return invalid('a JSON path cannot name one element', 'write [*] for all of them');
  if (rest.startsWith('..') || rest.startsWith('.**'))
    return invalid('a JSON path cannot search at any depth', 'write every step, with .* for any name');
  const name = /^\[\s*['"](.*?)['"]\s*\]/.exec(rest);
  if (name !== null) return invalid(`"${shown}" is not a step`, `write .${JSON.stringify(name[1])}`);
  return invalid(`"${shown}" is not a step`, 'steps are .name, ."any name", .* and [*]');
}

function invalid(message: string, suggestion: string | null): PatternReading<JsonPath> {
  return { kind: 'invalid', message, suggestion };
}
