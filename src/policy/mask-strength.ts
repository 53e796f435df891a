/**
 * Which of two masks leaves less of a value, and what two masks of one column make together.
 *
 * Invariant: `combined` is commutative and associative and never leaves more than either of its arguments,
 * so the result depends neither on the order of rules nor on their number. Of masks that hide different
 * parts (`json` paths, findings of `detect`) it hides the parts of both.
 * Non-goals: whether a mask fits a column's type (mask-types.ts).
 */
import { DATE_UNITS, DETECTORS, JSON_MASKS } from './rules.ts';
import type { FindingMask, JsonPath, MaskFunction } from './rules.ts';

/** From the one that leaves least. docs/rules.md has the same order; a test compares. */
export const STRENGTH: readonly MaskFunction['kind'][] = [
  'null',
  'redact',
  'hash',
  'digits',
  'number',
  'date',
  'partial',
  'email',
  'json',
  'detect',
];

const FINDING_STRENGTH: readonly FindingMask['kind'][] = ['redact', 'label', 'hash', 'partial'];

/** Negative where `a` is stricter. A total order, so the result does not depend on the order of rules. */
export function compareMasks(a: MaskFunction, b: MaskFunction): number {
  if (a.kind === 'partial' && b.kind === 'partial') return byKept(a, b);
  if (a.kind === 'number' && b.kind === 'number') return b.roundTo - a.roundTo;
  if (a.kind === 'date' && b.kind === 'date')
    return DATE_UNITS.indexOf(a.truncate) - DATE_UNITS.indexOf(b.truncate);
  if (a.kind === 'json' && b.kind === 'json') {
    const byMask = JSON_MASKS.indexOf(a.with) - JSON_MASKS.indexOf(b.with);
    return byMask || byParts(canonicalPaths(a.paths), canonicalPaths(b.paths));
  }
  if (a.kind === 'detect' && b.kind === 'detect')
    return compareFindingMasks(a.with, b.with) || byParts(a.detectors.toSorted(), b.detectors.toSorted());
  return STRENGTH.indexOf(a.kind) - STRENGTH.indexOf(b.kind);
}

/** What is in force where two rules mask one column. */
export function combined(a: MaskFunction, b: MaskFunction): MaskFunction {
  if (a.kind === 'json' && b.kind === 'json') {
    const paths = new Map([...a.paths, ...b.paths].map((path) => [describePath(path), path]));
    const mask = JSON_MASKS.indexOf(a.with) <= JSON_MASKS.indexOf(b.with) ? a.with : b.with;
    const sorted = [...paths].toSorted(([one], [other]) => compareText(one, other));
    return { kind: 'json', paths: sorted.map(([, path]) => path), with: mask };
  }
  if (a.kind === 'detect' && b.kind === 'detect') {
    const detectors = DETECTORS.filter((one) => a.detectors.includes(one) || b.detectors.includes(one));
    return { kind: 'detect', detectors, with: compareFindingMasks(a.with, b.with) <= 0 ? a.with : b.with };
  }
  return compareMasks(a, b) <= 0 ? a : b;
}

function compareFindingMasks(a: FindingMask, b: FindingMask): number {
  if (a.kind === 'partial' && b.kind === 'partial') return byKept(a, b);
  return FINDING_STRENGTH.indexOf(a.kind) - FINDING_STRENGTH.indexOf(b.kind);
}

type Kept = { readonly keepFirst: number; readonly keepLast: number };

function byKept(a: Kept, b: Kept): number {
  return a.keepFirst + a.keepLast - (b.keepFirst + b.keepLast) || a.keepFirst - b.keepFirst;
}

/** More parts are stricter; what the parts are only makes the order total. */
function byParts(a: readonly string[], b: readonly string[]): number {
  return b.length - a.length || compareText(a.join('\n'), b.join('\n'));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function canonicalPaths(paths: readonly JsonPath[]): readonly string[] {
  return paths.map(describePath).toSorted();
}

/** `$.items[*]."card no"`. */
export function describePath(path: JsonPath): string {
  const steps = path.map((step) => {
    switch (step.kind) {
      case 'member':
        return /^[A-Za-z_][A-Za-z0-9_]*$/.test(step.name) ? `.${step.name}` : `.${JSON.stringify(step.name)}`;
      case 'members':
        return '.*';
      case 'elements':
        return '[*]';
      default:
        return step satisfies never;
    }
  });
  return `$${steps.join('')}`;
}

/** `partial (keepFirst 0, keepLast 4)`. */
export function describeFunction(mask: MaskFunction): string {
  switch (mask.kind) {
    case 'partial':
      return describePartial(mask);
    case 'number':
      return `number (roundTo ${mask.roundTo})`;
    case 'date':
      return `date (truncate ${mask.truncate})`;
    case 'json':
      return `json (${mask.paths.map(describePath).join(', ')}: ${mask.with})`;
    case 'detect': {
      const how = mask.with.kind === 'partial' ? describePartial(mask.with) : mask.with.kind;
      return `detect (${mask.detectors.join(', ')}: ${how})`;
    }
    default:
      return mask.kind;
  }
}

function describePartial(kept: Kept): string {
  return `partial (keepFirst ${kept.keepFirst}, keepLast ${kept.keepLast})`;
}
