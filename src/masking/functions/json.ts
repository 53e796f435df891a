/**
 * json and jsonb with the values at some paths replaced, and every other byte as it came: numbers keep all
 * their digits, members their order, duplicates their place (all of them are replaced).
 *
 * Invariant: what is not JSON by RFC 8259 and UTF-8 from its first byte to its last, is larger than
 * JSON_MAX_BYTES or deeper than JSON_MAX_DEPTH becomes NULL. A JSON null stays, as a SQL NULL does.
 * Non-goals: keys as private data; JSON inside JSON strings (a path that meets a string on its way has it
 * replaced whole).
 *
 * Home-made, after trying jsonc-parser 3.3 (Microsoft): its visitor gives offsets too, but in a string's
 * units, goes on after what is not JSON, and took twice the time. JSON.parse loses digits and duplicates.
 */
import { PosternError } from '../../errors.ts';
import type { JsonMask, JsonPath } from '../../policy/rules.ts';
import { copyBytes } from '../bytes.ts';
import { HASH_HEX_CHARS, JSON_MAX_BYTES } from '../limits.ts';
import type { JsonType } from '../text-types.ts';
import { hexDigit } from './hash.ts';
import { Hmac } from './hmac.ts';
import { endsHere, inElements, inMember, inObject, NOWHERE, pathTree, stopsAt } from './json-paths.ts';
import type { Active, PathNode } from './json-paths.ts';
import { JsonScanner } from './json-scanner.ts';
import { SENDS_NULL } from './writer.ts';
import type { MaskWriter } from './writer.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const LETTER_N = 0x6e;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
/** The first byte of a binary jsonb, src/backend/utils/adt/jsonb.c (jsonb_send). */
const JSONB_VERSION = 1;

const NULL_TEXT = Buffer.from('null');
const REDACTED = Buffer.from('"****"');
/** What a replacement may add to the one byte that the shortest value has. */
const GROWTH: Readonly<Record<JsonMask, number>> = {
  null: NULL_TEXT.length - 1,
  redact: REDACTED.length - 1,
  hash: HASH_HEX_CHARS + 1,
};

/** The most that `bytes` of JSON may grow by: every second byte is a value, the others separate them. */
export function jsonGrowth(mask: JsonMask, bytes: number): number {
  return (Math.min(bytes, JSON_MAX_BYTES) / 2 + 1) * GROWTH[mask];
}

/** `key`: 32 bytes. */
export function jsonWriter(
  key: Uint8Array,
  type: JsonType,
  format: 0 | 1,
  paths: readonly JsonPath[],
  mask: JsonMask,
): MaskWriter {
  const rewriter = new JsonRewriter(new Hmac(key), pathTree(paths), mask);
  const versioned = type === 'jsonb' && format === 1;
  return (src, start, end, out, at) => {
    if (end - start > JSON_MAX_BYTES) return SENDS_NULL;
    if (!versioned) return rewriter.rewrite(src, start, end, out, at);
    if (src[start] !== JSONB_VERSION) throw malformed();
    out[at] = JSONB_VERSION;
    return 1 + rewriter.rewrite(src, start + 1, end, out, at + 1);
  };
}

function malformed(): PosternError {
  return new PosternError('masking-failed', { reason: 'a JSON value is malformed' });
}

/** One column's; its state lives only while a value is rewritten. */
class JsonRewriter {
  readonly #hmac: Hmac;
  readonly #root: Active;
  readonly #mask: JsonMask;
  readonly #scanner = new JsonScanner(malformed);
  #out: Buffer = NULL_TEXT;
  #to = 0;
  /** Up to here the source has been copied or replaced. */
  #copied = 0;

  constructor(hmac: Hmac, root: PathNode, mask: JsonMask) {
    this.#hmac = hmac;
    this.#root = [root];
    this.#mask = mask;
  }

  rewrite(src: Buffer, start: number, end: number, out: Buffer, at: number): number {
    const scanner = this.#scanner;
    scanner.begin(src, start, end);
    this.#out = out;
    this.#to = at;
    this.#copied = start;
    scanner.blanks();
    this.#value(this.#root);
    scanner.blanks();
    if (scanner.at !== end) throw malformed();
    this.#to = copyBytes(src, this.#copied, end, out, this.#to);
    return this.#to - at;
  }

  #value(active: Active): void {
    const scanner = this.#scanner;
    if (active.length === 0) return scanner.value();
    if (endsHere(active)) return this.#replaceNext();
    switch (scanner.peek()) {
      case BRACE: {
        const inside = inObject(active);
        return endsHere(inside) ? this.#replaceNext() : this.#object(inside);
      }
      case BRACKET:
        return this.#array(inElements(active));
      default:
        return stopsAt(active) ? this.#replaceNext() : scanner.value();
    }
  }

  #object(active: Active): void {
    const scanner = this.#scanner;
    scanner.enter();
    if (!scanner.takes(BRACE_END)) {
      do {
        scanner.blanks();
        const name = scanner.name();
        scanner.colon();
        const next = inMember(active, name);
        this.#value(next.length === 0 ? NOWHERE : next);
        scanner.blanks();
      } while (scanner.takes(COMMA));
      scanner.expect(BRACE_END);
    }
    scanner.leave();
  }

  #array(active: Active): void {
    const scanner = this.#scanner;
    scanner.enter();
    if (!scanner.takes(BRACKET_END)) {
      do {
        scanner.blanks();
        this.#value(active);
        scanner.blanks();
      } while (scanner.takes(COMMA));
      scanner.expect(BRACKET_END);
    }
    scanner.leave();
  }

  #replaceNext(): void {
    const scanner = this.#scanner;
    const start = scanner.at;
    const isNull = scanner.peek() === LETTER_N;
    scanner.value();
    if (isNull) return;
    this.#to = copyBytes(scanner.src, this.#copied, start, this.#out, this.#to);
    this.#copied = scanner.at;
    switch (this.#mask) {
      case 'null':
        this.#to = copyBytes(NULL_TEXT, 0, NULL_TEXT.length, this.#out, this.#to);
        return;
      case 'redact':
        this.#to = copyBytes(REDACTED, 0, REDACTED.length, this.#out, this.#to);
        return;
      case 'hash':
        return this.#hash(start, scanner.at);
      default:
        this.#mask satisfies never;
    }
  }

  /** Of a string its characters, so that it meets the hash of the same text in a column; else what is written. */
  #hash(start: number, end: number): void {
    const { src } = this.#scanner;
    const digest = src[start] === QUOTE ? this.#ofString(start, end) : this.#hmac.digest(src, start, end);
    this.#out[this.#to++] = QUOTE;
    for (let i = 0; i < HASH_HEX_CHARS; i++) this.#out[this.#to++] = hexDigit(digest, i);
    this.#out[this.#to++] = QUOTE;
  }

  #ofString(start: number, end: number): Buffer {
    const text = JSON.parse(this.#scanner.src.toString('utf8', start, end)) as string;
    const bytes = Buffer.from(text, 'utf8');
    return this.#hmac.digest(bytes, 0, bytes.length);
  }
}
