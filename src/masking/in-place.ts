/**
 * DataRow frames masked where they lie: most masks leave a value as long as it was or make it shorter, so rows
 * need no other place to be written to, only to move up. A value of the same length moves nothing at all; values
 * that got shorter leave room, in which later ones are written straight away.
 *
 * Invariant: what was not yet read is never written over. A row whose masked values need more room than the
 * rows before it have left is not begun: the caller writes it, and the rest, elsewhere.
 * Non-goals: buffers that somebody else may still read; binary COPY.
 */
import { copyBytes, int32At, moveBytes, putInt32 } from './bytes.ts';
import { masked as counted } from './counted.ts';
import { IN_PLACE_VALUE_BYTES } from './limits.ts';
import { malformed, type FieldSplicer } from './splice.ts';

const DATA_ROW = 0x44; // 'D'
/** Type byte, int32 length, int16 field count. */
const ROW_HEAD_BYTES = 7;

export class InPlace {
  /** The end of the masked rows; while they are masked, of what has been written. */
  to = 0;
  /** Where the first row begins that did not fit; the end, if all did. */
  next = 0;
  /** Bytes from here to those being read wait to be moved to `to`. */
  #from = 0;
  readonly #splicer: FieldSplicer;
  /** The masked values of one row, one after the other. */
  readonly #scratch: Buffer;
  /** For each masked field that is not NULL: where its length begins, where its value ends, its new length. */
  readonly #at: Int32Array;
  readonly #end: Int32Array;
  readonly #length: Int32Array;

  constructor(splicer: FieldSplicer) {
    const fields = splicer.indexes.length;
    this.#splicer = splicer;
    this.#scratch = Buffer.allocUnsafeSlow(splicer.roomFor(IN_PLACE_VALUE_BYTES));
    this.#at = new Int32Array(fields);
    this.#end = new Int32Array(fields);
    this.#length = new Int32Array(fields);
  }

  /** Masks the DataRows that fill `buf[start, end)`. @throws PosternError `masking-failed` */
  rewrite(buf: Buffer, start: number, end: number): void {
    this.to = start;
    this.#from = start;
    let row = start;
    while (row < end) {
      const rowEnd = row + ROW_HEAD_BYTES <= end ? row + 1 + int32At(buf, row + 1) : -1;
      if (rowEnd < row + ROW_HEAD_BYTES || rowEnd > end || buf[row] !== DATA_ROW)
        malformed('a run of rows is broken');
      const slack = this.#from - this.to;
      const head = this.to + row - this.#from;
      const bytes = rowEnd - row;
      if (slack >= bytes + this.#splicer.growthFor(bytes)) this.#straight(buf, row, rowEnd);
      else {
        const fields = this.#read(buf, row, rowEnd, slack);
        if (fields < 0) break;
        this.#replace(buf, fields);
      }
      const masked = this.to + rowEnd - this.#from - head;
      if (masked !== bytes) putInt32(buf, head + 1, masked - 1);
      row = rowEnd;
    }
    this.#moveUp(buf, row);
    this.next = row;
  }

  /** Moves what waits, up to `end`. */
  #moveUp(buf: Buffer, end: number): void {
    this.to = moveBytes(buf, this.#from, end, this.to);
    this.#from = end;
  }

  /** Masks a row for which there is so much room that no value can get to bytes that were not yet read. */
  #straight(buf: Buffer, row: number, end: number): void {
    const splicer = this.#splicer;
    const { indexes, fieldCount: count } = splicer;
    splicer.checkCount(buf, row + 5);
    let from = row + ROW_HEAD_BYTES;
    let place = 0;
    let next = indexes[0]!;
    for (let index = 0; index < count; index++) {
      if (from + 4 > end) malformed('a row ends before its last field');
      const at = from;
      const length = int32At(buf, at);
      from = length > 0 ? at + 4 + length : at + 4;
      if (from > end || length < -1) malformed('a field is longer than its row');
      if (index !== next) continue;
      if (length >= 0) {
        this.#moveUp(buf, at);
        const { to } = this;
        const masked = splicer.maskInto(place, buf, at + 4, from, buf, to + 4);
        putInt32(buf, to, masked);
        this.to = masked > 0 ? to + 4 + masked : to + 4;
        this.#from = from;
      }
      place++;
      next = place < indexes.length ? indexes[place]! : -1;
    }
    if (from !== end) malformed('a row goes on after its last field');
    counted.values += place;
  }

  /** Puts the masked values in the scratch where the row's own were. */
  #replace(buf: Buffer, fields: number): void {
    let scratchAt = 0;
    for (let i = 0; i < fields; i++) {
      this.#moveUp(buf, this.#at[i]!);
      const length = this.#length[i]!;
      putInt32(buf, this.to, length);
      this.to += 4;
      this.#from = this.#end[i]!;
      if (length <= 0) continue;
      this.to = copyBytes(this.#scratch, scratchAt, scratchAt + length, buf, this.to);
      scratchAt += length;
    }
  }

  /**
   * Masks the row's values into the scratch.
   * @param slack bytes that the rows before it have left free
   * @returns how many there are; −1 if they do not fit
   */
  #read(buf: Buffer, row: number, end: number, slack: number): number {
    const splicer = this.#splicer;
    const { indexes, fieldCount: count } = splicer;
    splicer.checkCount(buf, row + 5);
    let from = row + ROW_HEAD_BYTES;
    let place = 0;
    let next = indexes[0]!;
    let fields = 0;
    let scratchAt = 0;
    let room = slack;
    for (let index = 0; index < count; index++) {
      if (from + 4 > end) malformed('a row ends before its last field');
      const at = from;
      const length = int32At(buf, at);
      from = length > 0 ? at + 4 + length : at + 4;
      if (from > end || length < -1) malformed('a field is longer than its row');
      if (index !== next) continue;
      if (length >= 0) {
        if (length > IN_PLACE_VALUE_BYTES) return -1;
        const masked = splicer.maskInto(place, buf, at + 4, from, this.#scratch, scratchAt);
        if (masked > 0) scratchAt += masked;
        room += length - (masked < 0 ? 0 : masked);
        if (room < 0) return -1;
        this.#at[fields] = at;
        this.#end[fields] = from;
        this.#length[fields] = masked;
        fields++;
      }
      place++;
      next = place < indexes.length ? indexes[place]! : -1;
    }
    if (from !== end) malformed('a row goes on after its last field');
    counted.values += place;
    return fields;
  }
}
