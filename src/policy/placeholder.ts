import type { MaskFunction } from './rules.ts';

/**
 * Whether a text is what a mask shows in place of a value, so that storing it would destroy the value. Masks
 * that show another value of the same form (`hash`, `digits`, `number`, `date`) and `null` cannot be told.
 */
export function isPlaceholder(text: string, mask: MaskFunction): boolean {
  switch (mask.kind) {
    case 'redact':
    case 'email':
    case 'json':
      return STARS.test(text);
    case 'partial':
      return STARS.test(text) || isPartial(text, mask.keepFirst, mask.keepLast);
    case 'detect':
      return STARS.test(text) || LABEL.test(text);
    case 'null':
    case 'hash':
    case 'digits':
    case 'number':
    case 'date':
      return false;
  }
}

/** What `redact` and its like write. */
const STARS = /\*{4}/;
const LABEL = /\[(?:email|payment-card|us-ssn|iban|phone|api-key|jwt|private-key)\]/;

/** At least half of it stars, as many characters before and after as the mask keeps. */
function isPartial(text: string, keepFirst: number, keepLast: number): boolean {
  const characters = [...text];
  const hidden = characters.slice(keepFirst, characters.length - keepLast);
  return hidden.length >= keepFirst + keepLast && hidden.length > 0 && hidden.every((one) => one === '*');
}
