/** Bytes for the tests of this folder, built without the code under test. */

export function frame(
  type: string | number,
  body: Buffer = Buffer.alloc(0),
  length: number = body.length + 4,
): Buffer {
  const header = Buffer.alloc(5);
  header[0] = typeof type === 'number' ? type : type.charCodeAt(0);
  header.writeUInt32BE(length, 1);
  return Buffer.concat([header, body]);
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value & 0xffff);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function cstring(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf8');
}

export function cat(...parts: (Buffer | string)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? cstring(part) : part)));
}

/** Cuts `bytes` at the given places (taken modulo the length), in order; empty pieces are kept. */
export function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  const pieces: Buffer[] = [];
  let from = 0;
  for (const place of [...sorted, bytes.length]) {
    pieces.push(bytes.subarray(from, place));
    from = place;
  }
  return pieces;
}
