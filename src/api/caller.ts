/** The caller of a request that has passed authentication. */
import type { FastifyRequest } from 'fastify';
import { PosternError } from '../errors.ts';
import type { Caller } from './deps.ts';

/** @throws PosternError `not-authenticated` should a route ever be reached without the hook that sets it */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new PosternError('not-authenticated');
  return request.caller;
}
