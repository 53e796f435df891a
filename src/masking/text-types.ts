import { TYPMOD_HEADER } from './limits.ts';

/**
 * What a mask may put in place of a value of some type. `text` takes any characters, up to `maxChars`; its
 * binary form is the same bytes. Everything else but `uuid` can only be NULL: no other type has a value
 * that is valid, says nothing and can't be taken for a real one.
 */
export type ValueShape =
  | { readonly kind: 'text'; readonly maxChars: number; readonly blankPadded: boolean }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'other' };

/** Fixed OIDs, src/include/catalog/pg_type.dat. */
const TEXT = 25;
const VARCHAR = 1043;
const BPCHAR = 1042;
const NAME = 19;
const CHAR = 18;
const UNKNOWN = 705;
const UUID = 2950;

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
      return { kind: 'other' };
  }
}

function declaredChars(typeModifier: number): number {
  return typeModifier > TYPMOD_HEADER ? typeModifier - TYPMOD_HEADER : Infinity;
}
