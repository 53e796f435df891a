/** Masks that do not do what their rule says on a database as it is now: safe, but hardly what was meant. */
import type { Snapshot } from '../catalog/snapshot.ts';
import { canHoldRows } from './family.ts';
import { describeFunction } from './mask-strength.ts';
import { fitOf, typeName } from './mask-types.ts';
import { matchesName, matchesRelation } from './patterns.ts';
import type { ColumnPattern, RuleSet } from './rules.ts';

/** Mask patterns that cover no column of a database: most often a misspelled name, so worth a warning. */
export function unmatchedPatterns(
  rules: RuleSet,
  snapshot: Snapshot,
): readonly { readonly rule: string; readonly pattern: ColumnPattern }[] {
  const relations = [...snapshot.relations.values()].filter(canHoldRows);
  return rules.masks.flatMap((rule) =>
    rule.columns
      .filter(
        (pattern) =>
          !relations.some(
            (relation) =>
              matchesRelation(pattern, relation) &&
              relation.columns.some((column) => matchesName(pattern.column, column.name)),
          ),
      )
      .map((pattern) => ({ rule: rule.name, pattern })),
  );
}

export type UnfitMask = {
  readonly rule: string;
  /** `schema.table.column`. */
  readonly column: string;
  /** The type's name, and the mask in words. */
  readonly type: string;
  readonly mask: string;
};

/**
 * Columns whose type a rule's mask cannot work on: results show the type's safe default (`****`, or NULL)
 * instead, which is safe and most likely not what was meant, so worth a warning.
 */
export function unfitMasks(rules: RuleSet, snapshot: Snapshot): readonly UnfitMask[] {
  const unfit: UnfitMask[] = [];
  for (const relation of snapshot.relations.values()) {
    if (!canHoldRows(relation)) continue;
    for (const rule of rules.masks) {
      const patterns = rule.columns.filter((pattern) => matchesRelation(pattern, relation));
      for (const { name, typeOid } of patterns.length === 0 ? [] : relation.columns) {
        if (!patterns.some((pattern) => matchesName(pattern.column, name))) continue;
        if (fitOf(rule.with, typeOid) !== 'unfit') continue;
        const column = `${relation.schema}.${relation.name}.${name}`;
        unfit.push({ rule: rule.name, column, type: typeName(typeOid), mask: describeFunction(rule.with) });
      }
    }
  }
  return unfit;
}
