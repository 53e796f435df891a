/**
 * What the names in a held statement stand for, as an approval of it is bound to (I4): relations by identity and
 * name, views by their definitions, too, and the functions of people's own that it names or sets off, with their
 * bodies. Non-goal: functions that those call in turn.
 */
import { hash } from 'node:crypto';
import type { CatalogFunction, CatalogRelation, Snapshot } from '../catalog/snapshot.ts';
import type { Judged } from './judged.ts';

/** In a fixed order. */
export function boundObjects(judged: Judged): readonly string[] {
  const { snapshot } = judged;
  const relations = oidsOf(judged).map((oid) => written(oid, snapshot.relations.get(oid)));
  return [...relations, ...functionsOf(judged).map(meaningOf)];
}

/** Whether it means more than relations' identities, so that only a whole reading of the catalog can confirm it. */
export function isMadeOfCode(judged: Judged): boolean {
  if (judged.bendable || functionsOf(judged).length > 0) return true;
  return oidsOf(judged).some((oid) => (judged.snapshot.relations.get(oid)?.definition ?? null) !== null);
}

/** OIDs of all relations it may touch, ascending. */
export function oidsOf(judged: Judged): readonly number[] {
  const oids = new Set(judged.judgement.statements.flatMap((s) => s.relationOids));
  return [...oids].toSorted((a, b) => a - b);
}

function written(oid: number, relation: CatalogRelation | undefined): string {
  if (relation === undefined) return `${oid}:?`;
  const { schema, name, definition = null } = relation;
  const named = `${oid}:${schema}.${name}`;
  return definition === null ? named : `${named}:${hash('sha256', definition, 'hex')}`;
}

function functionsOf(judged: Judged): readonly CatalogFunction[] {
  const { code } = judged.snapshot;
  if (code === undefined) return [];
  const named = new Set(judged.statements.flatMap((s) => s.functions.map(({ name }) => name)));
  const operators = new Set(judged.statements.flatMap((s) => s.operators.map(({ name }) => name)));
  const oids = new Set(oidsOf(judged));
  const behind = new Set([
    ...code.operators.filter(({ name }) => operators.has(name)).map(({ by }) => by?.oid),
    ...code.relations.filter(({ relation }) => oids.has(relation)).map(({ by }) => by),
  ]);
  return [...code.functions.values()]
    .filter(({ oid, name }) => named.has(name) || behind.has(oid))
    .toSorted((a, b) => a.oid - b.oid);
}

function meaningOf({ oid, schema, name, ...rest }: CatalogFunction): string {
  const { language, volatility, securityDefiner, settings, body, defaults, parts } = rest;
  const meaning = JSON.stringify([language, volatility, securityDefiner, settings, body, defaults, parts]);
  return `function ${oid}:${schema}.${name}:${hash('sha256', meaning, 'hex')}`;
}

/** What makes sure that the snapshot a judgement is made by is the catalog there is. */
export type Confirm = (judged: Judged) => Promise<void>;

/** The catalog, as far as this needs it. */
type Confirming = {
  refresh(): Promise<Snapshot>;
  confirm(oids: readonly number[], names: readonly string[]): Promise<Snapshot>;
};

/** @throws PosternError `upstream-unavailable` where the catalog cannot be read */
export function confirmBy(catalog: Confirming): Confirm {
  return async (judged) => {
    const names = judged.statements.flatMap(({ relations }) => relations.map(({ name }) => name));
    await (isMadeOfCode(judged) ? catalog.refresh() : catalog.confirm(oidsOf(judged), names));
  };
}
