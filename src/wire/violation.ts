import { PosternError } from '../errors.ts';

/** The one way this folder says that bytes break the protocol. Reasons never quote the bytes. */
export function violation(reason: string): PosternError {
  return new PosternError('protocol-violation', { reason });
}
