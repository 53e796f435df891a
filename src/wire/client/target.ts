/** What Describe and Close name: a prepared statement or a portal. */

import type { BodyReader } from '../body-reader.ts';
import { violation } from '../violation.ts';

export type Target = {
  /** `S` a prepared statement, `P` a portal. */
  readonly what: 'S' | 'P';
  /** Empty for the unnamed one. */
  readonly name: string;
};

/** The rest of a Describe or Close. @throws PosternError `protocol-violation`, `unparsable-encoding` */
export function readTarget(body: BodyReader): Target {
  const byte = body.uint8();
  if (byte !== 0x53 && byte !== 0x50)
    throw violation('Describe or Close of neither a statement nor a portal');
  const name = body.name();
  body.finish();
  return { what: byte === 0x53 ? 'S' : 'P', name };
}
