/**
 * Finds a planted secret in bytes, however it was dressed: upper or lower case, reversed, hex, base64,
 * UTF-16, with separators between its letters, and any piece of it that is long enough to be no accident.
 */

/** Shortest piece that counts. Long enough that random ids and keys do not contain one. */
const PIECE_CHARS = 7;

export type Detector = (bytes: Buffer) => string | null;

/** @returns a function that names the form in which the secret was found, or null */
export function detectorOf(secret: string): Detector {
  const needles = new Map<string, string>();
  for (let at = 0; at + PIECE_CHARS <= secret.length; at += 1) {
    const piece = secret.slice(at, at + PIECE_CHARS);
    const reversed = [...piece].toReversed().join('');
    for (const [form, text] of [
      ['plain', piece],
      ['reversed', reversed],
    ] as const) {
      needles.set(text.toLowerCase(), form);
      needles.set(Buffer.from(text).toString('hex'), `${form} hex`);
      needles.set(Buffer.from(text.toUpperCase()).toString('hex'), `${form} upper-case hex`);
      needles.set(
        [...Buffer.from(text)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
        `${form} octal`,
      );
      needles.set([...Buffer.from(text)].join(','), `${form} codes`);
      for (const between of [' ', ',', '\u0000', ', ', '","', '\n', '\t', '-', '_', '.']) {
        needles.set([...text.toLowerCase()].join(between), `${form} letter by letter`);
      }
    }
  }
  const base64 = base64Needles(secret);
  return (bytes) => {
    const exact = bytes.toString('latin1');
    for (const needle of base64) if (exact.includes(needle)) return 'base64';
    const folded = exact.toLowerCase();
    for (const [needle, form] of needles) if (folded.includes(needle)) return form;
    return null;
  };
}

/** The part of the base64 text that does not depend on what stands around the secret, for each alignment. */
function base64Needles(secret: string): readonly string[] {
  return [0, 1, 2].map((shift) => {
    const text = Buffer.from('\u0000'.repeat(shift) + secret)
      .toString('base64')
      .replaceAll('=', '');
    return text.slice(shift === 0 ? 0 : 4, -4).slice(0, 12);
  });
}
