/** Which masks can do their work on which of PostgreSQL's types; on others the type's safe default stands in. */
import type { MaskFunction } from './rules.ts';

/** Names by OID, src/include/catalog/pg_type.dat. */
const TEXT_TYPES = new Map([
  [18, '"char"'],
  [19, 'name'],
  [25, 'text'],
  [705, 'unknown'],
  [1042, 'character'],
  [1043, 'character varying'],
]);
const NUMBER_TYPES = new Map([
  [20, 'bigint'],
  [21, 'smallint'],
  [23, 'integer'],
  [700, 'real'],
  [701, 'double precision'],
  [1700, 'numeric'],
]);
const TIMESTAMP_TYPES = new Map([
  [1114, 'timestamp'],
  [1184, 'timestamptz'],
]);
const JSON_TYPES = new Map([
  [114, 'json'],
  [3802, 'jsonb'],
]);
const DATE = 1082;
const UUID = 2950;
const OTHER_TYPES = new Map([
  [16, 'boolean'],
  [17, 'bytea'],
  [790, 'money'],
  [DATE, 'date'],
  [1083, 'time'],
  [1186, 'interval'],
  [UUID, 'uuid'],
]);

/** FirstNormalObjectId, src/include/access/transam.h: types from here on are users', domains among them. */
const FIRST_USER_OID = 16384;

/**
 * Whether a mask can do on that type what it says. `unknown`: a user's type, which may be a domain over a
 * type that fits. `null` and `redact` fit everything: they promise nothing of the value.
 */
export function fitOf(mask: MaskFunction, typeOid: number): 'fits' | 'unfit' | 'unknown' {
  if (mask.kind === 'null' || mask.kind === 'redact') return 'fits';
  if (typeOid >= FIRST_USER_OID) return 'unknown';
  return isFit(mask, typeOid) ? 'fits' : 'unfit';
}

function isFit(mask: MaskFunction, typeOid: number): boolean {
  switch (mask.kind) {
    case 'null':
    case 'redact':
      return true;
    case 'hash':
      return TEXT_TYPES.has(typeOid) || typeOid === UUID;
    case 'partial':
    case 'email':
    case 'digits':
    case 'detect':
      return TEXT_TYPES.has(typeOid);
    case 'number':
      return NUMBER_TYPES.has(typeOid);
    case 'date':
      // a date has no hours, and truncated to the day it would stay itself
      if (typeOid === DATE) return mask.truncate !== 'day' && mask.truncate !== 'hour';
      return TIMESTAMP_TYPES.has(typeOid);
    case 'json':
      return JSON_TYPES.has(typeOid);
    default:
      return mask satisfies never;
  }
}

/** For people; `type 600` where it is none of the common ones. */
export function typeName(typeOid: number): string {
  for (const names of [TEXT_TYPES, NUMBER_TYPES, TIMESTAMP_TYPES, JSON_TYPES, OTHER_TYPES]) {
    const name = names.get(typeOid);
    if (name !== undefined) return name;
  }
  return `type ${typeOid}`;
}
