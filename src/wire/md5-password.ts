/**
 * The answer to AuthenticationMD5Password, for upstreams that still ask. Source: PostgreSQL docs, "Message
 * Flow".
 */

import { createHash } from 'node:crypto';

/** `"md5"` + hex(md5(hex(md5(password + user)) + salt)): a PasswordMessage's string. */
export function md5Password(user: string, password: string, salt: Buffer): string {
  const inner = createHash('md5').update(password).update(user).digest('hex');
  return `md5${createHash('md5').update(inner).update(salt).digest('hex')}`;
}
