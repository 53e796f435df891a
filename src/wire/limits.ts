/**
 * Every number the wire imposes, with where it comes from. Lengths are in bytes. Where a frame's length is
 * meant, it is the value of the length field: it counts itself (4) and not the type byte, as PostgreSQL's
 * `pq_getmessage` counts.
 */

/** `MAX_STARTUP_PACKET_LENGTH`, libpq/pqcomm.h: bytes that follow the length field of an untyped packet. */
export const MAX_STARTUP_PAYLOAD = 10_000;

/**
 * Password and SASL messages. PostgreSQL grants 65,535 (`PG_MAX_AUTH_TOKEN_LENGTH`) to passwords and GSS
 * tokens and 1,024 to SASL; Postern speaks SCRAM only, and this is a peer that nobody has authenticated yet.
 */
export const MAX_PASSWORD_MESSAGE = 10_000;

/** `PG_MAX_SASL_MESSAGE_LENGTH`, libpq/sasl.h: one SCRAM message, either side. */
export const MAX_SASL_MESSAGE = 1_024;

/** `PQ_SMALL_MESSAGE_LIMIT`, libpq/libpq.h: client messages that carry only names and numbers. */
export const MAX_SMALL_CLIENT_MESSAGE = 10_000;

/** `PQ_LARGE_MESSAGE_LIMIT` = `MaxAllocSize` - 1, libpq/libpq.h: all other client messages. */
export const MAX_CLIENT_MESSAGE = 0x3fffffff - 1;

/** DataRow and CopyData from a server have no cap of their own: the length is a signed Int32. */
export const MAX_SERVER_MESSAGE = 0x7fffffff;

/** Server messages that libpq takes for garbage when longer: fe-protocol3.c, `VALID_LONG_MESSAGE_TYPE`. */
export const MAX_SMALL_SERVER_MESSAGE = 30_000;

/**
 * Server messages that are buffered whole and may be long. An error repeats the literal it rejects, so it can
 * be as long as a statement; the limit is Postern's own and bounds what one session can make it hold.
 */
export const MAX_REPORT_MESSAGE = 16 * 1024 * 1024;

/** `MaxTupleAttributeNumber`, access/htup_details.h: columns of a result. */
export const MAX_COLUMNS = 1_664;

/** `NAMEDATALEN` - 1, pg_config_manual.h: bytes of an identifier. */
export const MAX_IDENTIFIER_BYTES = 63;

/** Int16 count fields are read unsigned (`pq_getmsgint(…, 2)`), as PostgreSQL and its drivers do. */
export const MAX_PARAMETERS = 0xffff;

/**
 * `MAX_CONVERSION_GROWTH`, mb/pg_wchar.h: how much longer a name may get on its way to the client's encoding.
 */
const CONVERSION_GROWTH = 4;

/** A RowDescription of `MAX_COLUMNS` names at full length: each name, its NUL and 18 bytes of facts. */
export const MAX_ROW_DESCRIPTION = 6 + MAX_COLUMNS * (MAX_IDENTIFIER_BYTES * CONVERSION_GROWTH + 1 + 18);

/** A ParameterDescription of `MAX_PARAMETERS` type OIDs. */
export const MAX_PARAMETER_DESCRIPTION = 6 + MAX_PARAMETERS * 4;

/** CopyInResponse or CopyOutResponse with a format code for every column. */
export const MAX_COPY_RESPONSE = 7 + MAX_COLUMNS * 2;

/**
 * Cancel keys: 4 bytes in protocol 3.0, up to 256 in 3.2 (PostgreSQL docs, "Protocol Versions",
 * BackendKeyData).
 */
export const MIN_CANCEL_KEY = 4;
export const MAX_CANCEL_KEY = 256;

/** The newest 3.x that Postern speaks: PostgreSQL 18's. */
export const NEWEST_MINOR = 2;

/** RFC 7677 section 4, and PostgreSQL's `SCRAM_SHA_256_DEFAULT_ITERATIONS`. */
export const SCRAM_ITERATIONS = 4_096;

/** What an upstream may ask of a client: PBKDF2 time grows with it, and it is the peer that names it. */
export const MAX_SCRAM_ITERATIONS = 1_000_000;

/** `SCRAM_DEFAULT_SALT_LEN`, common/scram-common.h. */
export const SCRAM_SALT_BYTES = 16;

/** FrameReader: the first allocation for a frame that straddles chunks; it grows only as bytes arrive. */
export const FIRST_ASSEMBLY_BYTES = 1_024;

/**
 * FrameReader: with this many chunks waiting, small ones are merged, or one-byte writes would cost 100 times
 * their size.
 */
export const MERGE_AFTER_CHUNKS = 16;

/** FrameReader: size of a merge buffer, and twice the size under which a chunk is merged. */
export const MERGE_BUFFER_BYTES = 16_384;
