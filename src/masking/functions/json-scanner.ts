/**
 * Walks JSON by RFC 8259 as bytes, and refuses everything else. Allocates nothing but the names it is asked
 * for. Invariant: `at` never passes `end`, and every method either gets past a whole token or throws.
 */
import { JSON_MAX_DEPTH } from '../limits.ts';
import { codePointBytes } from '../utf8.ts';

const BLANK = 0x20;
const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const BRACKET_END = 0x5d;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const LETTER_U = 0x75;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const UNICODE_DIGITS = 4;
const ESCAPES: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt', 'latin1'));
const NULL = Buffer.from('null', 'latin1');
const TRUE = Buffer.from('true', 'latin1');
const FALSE = Buffer.from('false', 'latin1');

export class JsonScanner {
  src: Buffer = Buffer.alloc(0);
  at = 0;
  #end = 0;
  #depth = 0;
  readonly #malformed: () => Error;

  constructor(malformed: () => Error) {
    this.#malformed = malformed;
  }

  begin(src: Buffer, start: number, end: number): void {
    this.src = src;
    this.at = start;
    this.#end = end;
    this.#depth = 0;
  }

  /** The byte at `at`, or −1 at the end. */
  peek(): number {
    return this.at < this.#end ? this.src[this.at]! : -1;
  }

  blanks(): void {
    for (; this.at < this.#end; this.at++) {
      const byte = this.src[this.at]!;
      if (byte !== BLANK && byte !== NEWLINE && byte !== TAB && byte !== RETURN) return;
    }
  }

  takes(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at++;
    return true;
  }

  expect(byte: number): void {
    if (!this.takes(byte)) throw this.#malformed();
  }

  /** Past an opening bracket or brace, and the blanks after it. */
  enter(): void {
    if (++this.#depth > JSON_MAX_DEPTH) throw this.#malformed();
    this.at++;
    this.blanks();
  }

  leave(): void {
    this.#depth--;
  }

  /** Past a member's name, which is returned as what it means: `"\u0061"` is `a`. */
  name(): string {
    const start = this.at;
    this.#string();
    let escaped = false;
    for (let i = start; i < this.at; i++) escaped ||= this.src[i] === BACKSLASH;
    if (escaped) return JSON.parse(this.src.toString('utf8', start, this.at)) as string;
    return this.src.toString('utf8', start + 1, this.at - 1);
  }

  /** Past the colon after a name. */
  colon(): void {
    this.blanks();
    this.expect(COLON);
    this.blanks();
  }

  /** Past any value. */
  value(): void {
    const byte = this.peek();
    switch (byte) {
      case QUOTE:
        return this.#string();
      case BRACE:
        return this.#container(BRACE_END, true);
      case BRACKET:
        return this.#container(BRACKET_END, false);
      default:
        return byte === MINUS || isDigit(byte) ? this.#number() : this.#word();
    }
  }

  #container(close: number, named: boolean): void {
    this.enter();
    if (!this.takes(close)) {
      do {
        this.blanks();
        if (named) {
          this.#string();
          this.colon();
        }
        this.value();
        this.blanks();
      } while (this.takes(COMMA));
      this.expect(close);
    }
    this.leave();
  }

  #string(): void {
    this.expect(QUOTE);
    const { src } = this;
    const end = this.#end;
    let at = this.at;
    for (;;) {
      const byte = at < end ? src[at]! : -1;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        this.at = at;
        this.#escape();
        at = this.at;
      } else if (byte < BLANK) throw this.#malformed();
      else if (byte < 0x80) at++;
      else {
        const bytes = codePointBytes(src, at, end);
        if (bytes === 0) throw this.#malformed();
        at += bytes;
      }
    }
    this.at = at + 1;
  }

  #escape(): void {
    this.at++;
    const byte = this.peek();
    this.at++;
    if (ESCAPES.has(byte)) return;
    if (byte !== LETTER_U) throw this.#malformed();
    for (let i = 0; i < UNICODE_DIGITS; i++) {
      if (!isHexDigit(this.peek())) throw this.#malformed();
      this.at++;
    }
  }

  #number(): void {
    this.takes(MINUS);
    if (!this.takes(ZERO)) this.#digits();
    if (this.takes(POINT)) this.#digits();
    const byte = this.peek();
    if (byte !== 0x65 && byte !== 0x45) return;
    this.at++;
    if (!this.takes(PLUS)) this.takes(MINUS);
    this.#digits();
  }

  #digits(): void {
    if (!isDigit(this.peek())) throw this.#malformed();
    while (isDigit(this.peek())) this.at++;
  }

  #word(): void {
    const { src, at } = this;
    const word = src[at] === LETTER_N ? NULL : src[at] === LETTER_T ? TRUE : FALSE;
    if (at + word.length > this.#end) throw this.#malformed();
    for (let i = 0; i < word.length; i++) if (src[at + i] !== word[i]) throw this.#malformed();
    this.at = at + word.length;
  }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}
