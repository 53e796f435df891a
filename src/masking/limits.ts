/** Every number the masking room lives by, with where it comes from. */

/** HMAC-SHA-256 keys: as long as the digest, RFC 2104 section 3. */
export const HASH_KEY_BYTES = 32;
/** Values up to this are hashed in one go, in a buffer each masked column keeps; most that people hash are shorter. */
export const HMAC_ONE_SHOT_BYTES = 512;

/** Hex characters a hash shows: 128 bits, so that accidental collisions stay out of reach. */
export const HASH_HEX_CHARS = 32;

/** varchar(n) and char(n) send n + VARHDRSZ (4) as their type modifier; src/backend/utils/adt/varchar.c. */
export const TYPMOD_HEADER = 4;

/** Octets of a mail address's local part and domain, RFC 5321 section 4.5.3.1. */
export const EMAIL_LOCAL_BYTES = 64;
export const EMAIL_DOMAIN_BYTES = 255;

/** The most any mask may add to a field: a UUID's text for an empty value. */
export const MASK_GROWTH_BYTES = 36;

/** Below this a byte loop beats a call into the runtime's copy; measured on Node 24, x86-64. */
export const LOOP_COPY_BYTES = 64;

/** The same for bytes that move within one buffer, which is a cheaper call. */
export const LOOP_MOVE_BYTES = 16;

/** Values up to this are masked where they lie; what a field may hold in reach of one cache line is most of them. */
export const IN_PLACE_VALUE_BYTES = 256;

/** Output slabs: what an idle session may cost, and about four socket reads (64 KiB each in libuv). */
export const SLAB_MIN_BYTES = 8 * 1024;
export const SLAB_MAX_BYTES = 256 * 1024;

/** What one row of COPY data may hold before it is refused, unless postern.yaml says otherwise. */
export const COPY_ROW_BYTES = 64 * 1024 * 1024;

/** COPY's binary header extension is empty in every release; more than this is not COPY data. */
export const COPY_EXTENSION_BYTES = 64 * 1024;

/** Digits of a number's integer part that are rounded; numeric allows 131,072 before the point. */
export const NUMBER_DIGITS = 1000;

/** Bytes of a value that `digits` makes a token of: above any number people write. */
export const DIGITS_MAX_BYTES = 256;
/** Fewer digits than this have so few tokens that each could be told by its frequency. */
export const DIGITS_MIN_DIGITS = 4;

/** Bytes of a JSON value that is looked into, and how deep; beyond it becomes NULL. */
export const JSON_MAX_BYTES = 1024 * 1024;
export const JSON_MAX_DEPTH = 256;

/** Bytes of a text that is searched; a longer one is redacted whole. */
export const DETECT_MAX_BYTES = 256 * 1024;
/** The shortest finding, `a@b.co`: bounds how many there are in a text. */
export const FINDING_MIN_BYTES = 6;

/** Digits of a payment card's number, ISO/IEC 7812-1 (8 to 19, and no network issues fewer than 13). */
export const CARD_MIN_DIGITS = 13;
export const CARD_MAX_DIGITS = 19;
/** Digits of an international telephone number without its prefix, ITU-T E.164; the least any country uses. */
export const PHONE_MIN_DIGITS = 7;
export const PHONE_MAX_DIGITS = 15;
/** Characters of an IBAN, ISO 13616-1; the shortest is Norway's. */
export const IBAN_MIN_CHARS = 15;
export const IBAN_MAX_CHARS = 34;
/** Bytes of a JWT's header that are decoded; a longer one counts as found without a look. */
export const JWT_HEADER_BYTES = 4096;
/** Spaces and dashes between two digits of one number: ` - `. */
export const GAP_MAX_CHARS = 3;
