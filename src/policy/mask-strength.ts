/** Which of two masks leaves less of a value. */
import type { MaskFunction } from './rules.ts';

const ORDER: readonly MaskFunction['kind'][] = ['null', 'redact', 'hash', 'partial', 'email'];

/** Negative where `a` is stricter. A total order, so the result does not depend on the order of rules. */
export function compareMasks(a: MaskFunction, b: MaskFunction): number {
  const byKind = ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind);
  if (byKind !== 0 || a.kind !== 'partial' || b.kind !== 'partial') return byKind;
  return a.keepFirst + a.keepLast - (b.keepFirst + b.keepLast) || a.keepFirst - b.keepFirst;
}

/** `partial (keepFirst 0, keepLast 4)`. */
export function describeFunction(mask: MaskFunction): string {
  return mask.kind === 'partial'
    ? `partial (keepFirst ${mask.keepFirst}, keepLast ${mask.keepLast})`
    : mask.kind;
}
