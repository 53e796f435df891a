/** The caller of a request that has passed authentication. */
import type { FastifyRequest } from 'fastify';
import type { ApproverConfig } from '../config/installation.ts';
import { PosternError } from '../errors.ts';
import type { Caller } from './deps.ts';

/** @throws PosternError `not-authenticated` should a route ever be reached without the hook that sets it */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new PosternError('not-authenticated');
  return request.caller;
}

/** @param expiresAtMs when what they showed expires; null for a token of our own */
export function callerFrom(approver: ApproverConfig, expiresAtMs: number | null): Caller {
  const { name, groups, roles, email } = approver;
  return { name, groups, roles, expiresAtMs, ...(email === undefined ? {} : { aliases: [email] }) };
}
