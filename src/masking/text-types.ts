import { TYPMOD_HEADER } from './limits.ts';

/**
 * What a mask may put in place of a value of some type. `text` takes any characters, up to `maxChars`; its
 * binary form is the same bytes. Without a mask made for it, everything else can only be NULL: no other type
 * has a value that is valid, says nothing and can't be taken for a real one.
 */
export type ValueShape =
  | { readonly kind: 'text'; readonly maxChars: number; readonly blankPadded: boolean }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'number'; readonly type: NumberType }
  | { readonly kind: 'date'; readonly type: DateType }
  | { readonly kind: 'json'; readonly type: JsonType }
  | { readonly kind: 'other' };

export type NumberType = 'int2' | 'int4' | 'int8' | 'float4' | 'float8' | 'numeric';
export type DateType = 'date' | 'timestamp' | 'timestamptz';
export type JsonType = 'json' | 'jsonb';

/** Fixed OIDs, src/include/catalog/pg_type.dat. */
const TEXT = 25;
const VARCHAR = 1043;
const BPCHAR = 1042;
const NAME = 19;
const CHAR = 18;
const UNKNOWN = 705;
const UUID = 2950;
const NUMBERS: ReadonlyMap<number, NumberType> = new Map([
  [20, 'int8'],
  [21, 'int2'],
  [23, 'int4'],
  [700, 'float4'],
  [701, 'float8'],
  [1700, 'numeric'],
]);
const DATES: ReadonlyMap<number, DateType> = new Map([
  [1082, 'date'],
  [1114, 'timestamp'],
  [1184, 'timestamptz'],
]);
const JSONS: ReadonlyMap<number, JsonType> = new Map([
  [114, 'json'],
  [3802, 'jsonb'],
]);

/** NAMEDATALEN − 1. */
const NAME_CHARS = 63;

/** `typeModifier` as RowDescription sends it, −1 (or absent) where there is none. */
export function shapeOf(typeOid: number, typeModifier = -1): ValueShape {
  switch (typeOid) {
    case TEXT:
    case UNKNOWN:
      return { kind: 'text', maxChars: Infinity, blankPadded: false };
    case VARCHAR:
      return { kind: 'text', maxChars: declaredChars(typeModifier), blankPadded: false };
    case BPCHAR:
      return { kind: 'text', maxChars: declaredChars(typeModifier), blankPadded: true };
    case NAME:
      return { kind: 'text', maxChars: NAME_CHARS, blankPadded: false };
    case CHAR:
      return { kind: 'text', maxChars: 1, blankPadded: false };
    case UUID:
      return { kind: 'uuid' };
    default:
      return otherShape(typeOid);
  }
}

function otherShape(typeOid: number): ValueShape {
  const number = NUMBERS.get(typeOid);
  if (number !== undefined) return { kind: 'number', type: number };
  const date = DATES.get(typeOid);
  if (date !== undefined) return { kind: 'date', type: date };
  const json = JSONS.get(typeOid);
  return json === undefined ? { kind: 'other' } : { kind: 'json', type: json };
}

function declaredChars(typeModifier: number): number {
  return typeModifier > TYPMOD_HEADER ? typeModifier - TYPMOD_HEADER : Infinity;
}
