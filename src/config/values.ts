/** Small values shared by both configuration files: durations, sizes, names, lists of one. */
import { z } from 'zod';
import { MAX_LABEL_LENGTH } from './limits.ts';
import type { PatternReading } from './name-pattern.ts';

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  kB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
};

/** `15m`, `30s`, `1.5h` → milliseconds, or null where it is no duration. */
export function parseDuration(text: string): number | null {
  return withUnit(text, MS_PER_UNIT);
}

/** `64MiB`, `10kB` → bytes, or null where it is no size. */
export function parseSize(text: string): number | null {
  return withUnit(text, BYTES_PER_UNIT);
}

function withUnit(text: string, units: Readonly<Record<string, number>>): number | null {
  const match = /^(\d{1,12}(?:\.\d{1,3})?) ?([A-Za-z]{1,3})$/.exec(text.trim());
  const factor = match === null || !Object.hasOwn(units, match[2] ?? '') ? undefined : units[match[2] ?? ''];
  return match === null || factor === undefined ? null : Math.round(Number(match[1]) * factor);
}

/** A duration with its unit, as milliseconds between two bounds. */
export function duration(minMs: number, maxMs: number) {
  return z.union([z.string(), z.number()]).transform((written, context) => {
    const ms = typeof written === 'string' ? parseDuration(written) : null;
    if (ms === null) {
      const suggestion = /^\d+$/.test(String(written))
        ? `write the unit: ${written}s or ${written}m`
        : 'write it like 30s, 15m or 2h';
      context.addIssue({ code: 'custom', message: 'expected a duration', params: { suggestion } });
      return z.NEVER;
    }
    if (ms < minMs || ms > maxMs) {
      context.addIssue({ code: 'custom', message: `must be between ${showMs(minMs)} and ${showMs(maxMs)}` });
      return z.NEVER;
    }
    return ms;
  });
}

/** Milliseconds as people write them. */
export function showMs(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's']) {
    const factor = MS_PER_UNIT[unit] ?? 1;
    if (ms >= factor && ms % factor === 0) return `${ms / factor}${unit}`;
  }
  return `${ms}ms`;
}

/** One of something, or a list of them with at least one; always a list afterwards. */
export function oneOrMore<T extends z.ZodType>(item: T) {
  const list = z.array(item).min(1, 'the list is empty, so it would never match; leave the key out instead');
  return z
    .union([item, list])
    .transform((value) => (Array.isArray(value) ? value : [value]) as z.output<T>[]);
}

/** A name for people: one line, printable, not padded. */
export function label() {
  return (
    z
      .string()
      .min(1, 'must not be empty')
      .max(MAX_LABEL_LENGTH, `must not be longer than ${MAX_LABEL_LENGTH} characters`)
      // control and format characters could make a rule or a person look like another
      .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u, 'must not contain control characters')
      .refine((text) => text === text.trim(), 'must not begin or end with a space')
  );
}

/** A name that is compared exactly, because a pattern there would show more than was meant. */
export function exactName() {
  return label().refine((text) => !text.includes('*'), 'must be an exact name; * is not a pattern here');
}

/** A text with a small grammar of its own. */
export function pattern<T>(parse: (text: string) => PatternReading<T>) {
  return z.string().transform((text, context): T => {
    const reading = parse(text);
    return reading.kind === 'ok' ? reading.pattern : bad(context, reading.message, reading.suggestion);
  });
}

/** From a transform: what is wrong, and what to write instead. */
export function bad(
  context: { addIssue(issue: { code: 'custom'; message: string; params?: object }): void },
  message: string,
  suggestion: string | null,
): never {
  context.addIssue({ code: 'custom', message, params: { suggestion } });
  return z.NEVER;
}
