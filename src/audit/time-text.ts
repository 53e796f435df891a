/**
 * Times as RFC 3339 in UTC. Making one costs more than hashing a record, and under load many records share a
 * millisecond, so the last text is kept.
 */
export class TimeText {
  #ms = Number.NaN;
  #text = '';

  /** @param ms since 1970 @throws RangeError for a time no Date can be */
  of(ms: number): string {
    if (ms !== this.#ms) {
      this.#text = new Date(ms).toISOString();
      this.#ms = ms;
    }
    return this.#text;
  }
}
