/**
 * Names of prepared statements and portals that were read last. Drivers send the same few again and again, and to make
 * a string of bytes is a call into the runtime that costs more than all else of a Bind.
 *
 * Invariant: what is given is what the bytes say; a name that is not kept is made, and takes its place. Non-goal: any
 * text but names, for what is kept here outlives its session.
 */
const PLACES = 256;
/** PostgreSQL cuts longer ones. */
const MAX_BYTES = 63;

const kept: string[] = Array.from({ length: PLACES }, () => '');

/** The ASCII bytes of `buffer[from, to)`, at least one, as a string. */
export function asciiName(buffer: Buffer, from: number, to: number): string {
  const length = to - from;
  if (length > MAX_BYTES) return buffer.toString('latin1', from, to);
  const place = (length * 31 + buffer[to - 1]! * 7 + buffer[from]!) & (PLACES - 1);
  const name = kept[place]!;
  if (name.length === length && isSame(name, buffer, from)) return name;
  const made = buffer.toString('latin1', from, to);
  kept[place] = made;
  return made;
}

function isSame(name: string, buffer: Buffer, from: number): boolean {
  for (let i = 0; i < name.length; i += 1) if (name.charCodeAt(i) !== buffer[from + i]) return false;
  return true;
}
