/**
 * Private data found inside texts, and only that replaced.
 *
 * Invariant: a text that is not UTF-8 or longer than DETECT_MAX_BYTES, and a result that its column is too
 * narrow for, is redacted whole. Every finder takes linear time. What no detector finds passes: this is the
 * weakest mask there is, and no substitute for masking a column that is known to hold private data.
 * Non-goals: names, addresses and whatever else has no form of its own; text in disguise (base64, spelled
 * out, digits of other scripts).
 */
import type { Detector, FindingMask } from '../../policy/rules.ts';
import { copyBytes } from '../bytes.ts';
import { hexDigit } from '../functions/hash.ts';
import { Hmac } from '../functions/hmac.ts';
import { partialWriter } from '../functions/partial.ts';
import { redactWriter } from '../functions/redact.ts';
import type { MaskWriter } from '../functions/writer.ts';
import { DETECT_MAX_BYTES, FINDING_MIN_BYTES, HASH_HEX_CHARS } from '../limits.ts';
import { countCodePoints } from '../utf8.ts';
import { findApiKeys } from './api-key.ts';
import { NEEDS_AT, NEEDS_DASHES, NEEDS_DIGITS, NEEDS_DOTS, NEEDS_NOTHING, survey } from './characters.ts';
import { findEmails } from './email.ts';
import { Findings } from './findings.ts';
import type { Finder } from './findings.ts';
import { findIbans } from './iban.ts';
import { findJwts } from './jwt.ts';
import { findPaymentCards } from './payment-card.ts';
import { findPhones } from './phone.ts';
import { findPrivateKeys } from './private-key.ts';
import { findSsns } from './us-ssn.ts';

const BLANK = 0x20;

/** Each with what must be in a text for it to find anything, so that most texts are looked at once. */
const FINDERS: Readonly<Record<Detector, { readonly needs: number; readonly find: Finder }>> = {
  email: { needs: NEEDS_AT, find: findEmails },
  'payment-card': { needs: NEEDS_DIGITS, find: findPaymentCards },
  'us-ssn': { needs: NEEDS_DIGITS, find: findSsns },
  // most, but not all, countries' numbers have seven digits
  iban: { needs: NEEDS_NOTHING, find: findIbans },
  phone: { needs: NEEDS_DIGITS, find: findPhones },
  'api-key': { needs: NEEDS_NOTHING, find: findApiKeys },
  jwt: { needs: NEEDS_DOTS, find: findJwts },
  'private-key': { needs: NEEDS_DASHES, find: findPrivateKeys },
};

const LABELS = new Map(Object.keys(FINDERS).map((name) => [name, Buffer.from(`[${name}]`, 'latin1')]));

/** The most that a text of `bytes` may grow by: a token for each of the shortest findings. */
export function detectGrowth(bytes: number): number {
  return (Math.min(bytes, DETECT_MAX_BYTES) / FINDING_MIN_BYTES + 1) * (HASH_HEX_CHARS - FINDING_MIN_BYTES);
}

/** `key`: 32 bytes, for `hash`. */
export function detectWriter(
  key: Uint8Array,
  detectors: readonly Detector[],
  mask: FindingMask,
  maxChars: number,
  blankPadded: boolean,
): MaskWriter {
  const finders = detectors.map((detector) => FINDERS[detector]);
  const redact = redactWriter(maxChars);
  const replace = replacement(mask, new Hmac(key));
  const found = new Findings();
  return (src, start, paddedEnd, out, at) => {
    const present = paddedEnd - start > DETECT_MAX_BYTES ? -1 : survey(src, start, paddedEnd);
    if (present < 0) return redact(src, start, paddedEnd, out, at);
    found.clear();
    for (const { needs, find } of finders) {
      if ((needs & present) === needs) find(src, start, paddedEnd, found);
    }
    if (found.list.length === 0) return copyBytes(src, start, paddedEnd, out, at) - at;
    found.settle();
    let end = paddedEnd;
    if (blankPadded) while (end > start && src[end - 1] === BLANK) end--;
    let from = start;
    let to = at;
    for (const one of found.list) {
      to = copyBytes(src, from, one.start, out, to);
      to += replace(src, one.start, one.end, out, to, one.detector);
      from = one.end;
    }
    to = copyBytes(src, from, Math.max(end, from), out, to);
    if (maxChars !== Infinity && countCodePoints(out, at, to) > maxChars)
      return redact(src, start, end, out, at);
    return to - at;
  };
}

type Replacement = (
  src: Buffer,
  start: number,
  end: number,
  out: Buffer,
  at: number,
  detector: Detector,
) => number;

function replacement(mask: FindingMask, hmac: Hmac): Replacement {
  switch (mask.kind) {
    case 'redact':
      return redactWriter(Infinity);
    case 'partial':
      return partialWriter(mask.keepFirst, mask.keepLast, Infinity, false);
    case 'label':
      return (_src, _start, _end, out, at, detector) => {
        const label = LABELS.get(detector)!;
        return copyBytes(label, 0, label.length, out, at) - at;
      };
    case 'hash':
      return (src, start, end, out, at) => {
        const digest = hmac.digest(src, start, end);
        for (let i = 0; i < HASH_HEX_CHARS; i++) out[at + i] = hexDigit(digest, i);
        return HASH_HEX_CHARS;
      };
    default:
      return mask satisfies never;
  }
}
