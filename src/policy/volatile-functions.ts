import type { Snapshot } from '../catalog/snapshot.ts';
import type { NameRef } from '../sql/statement.ts';

const remembered = new WeakMap<object, ReadonlyMap<string, ReadonlySet<string>>>();

/**
 * Whether a name may stand for a volatile function or procedure of people's own: one that may store, send or
 * set what it reads, or what it is told to read by an argument.
 */
export function mayBeVolatile(ref: NameRef, snapshot: Snapshot): boolean {
  const schemas = volatileNames(snapshot).get(ref.name);
  return schemas !== undefined && (ref.schema === null || schemas.has(ref.schema));
}

/** Name → the schemas that have a volatile function of it. */
function volatileNames({ code }: Snapshot): ReadonlyMap<string, ReadonlySet<string>> {
  if (code === undefined) return new Map();
  const known = remembered.get(code);
  if (known !== undefined) return known;
  const names = new Map<string, Set<string>>();
  for (const { name, schema, volatility, isTrigger } of code.functions.values()) {
    if (volatility !== 'volatile' || isTrigger) continue;
    const schemas = names.get(name);
    if (schemas === undefined) names.set(name, new Set([schema]));
    else schemas.add(schema);
  }
  remembered.set(code, names);
  return names;
}
