/** Every number the masking room lives by, with where it comes from. */

/** HMAC-SHA-256 keys: as long as the digest, RFC 2104 section 3. */
export const HASH_KEY_BYTES = 32;
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

/** Output slabs: what an idle session may cost, and about four socket reads (64 KiB each in libuv). */
export const SLAB_MIN_BYTES = 8 * 1024;
export const SLAB_MAX_BYTES = 256 * 1024;

/** What one row of COPY data may hold before it is refused, unless postern.yaml says otherwise. */
export const COPY_ROW_BYTES = 64 * 1024 * 1024;

/** COPY's binary header extension is empty in every release; more than this is not COPY data. */
export const COPY_EXTENSION_BYTES = 64 * 1024;
