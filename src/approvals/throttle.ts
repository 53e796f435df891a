import { PosternError } from '../errors.ts';
import type { NewRequest } from './request.ts';
import type { RequestStore } from './store.ts';

/** After `maxDenials` denials of statements of one shape within `windowMs`, the next is refused at once. */
export type Throttle = { readonly maxDenials: number; readonly windowMs: number };

/**
 * An agent that asks until somebody clicks the wrong button is not asked for (THREATS 22). Statements that
 * differ in literals only are of one shape; what else it sends is bounded by its pending requests.
 * @throws PosternError `asked-too-often`, with the time from which it may ask again
 */
export async function checkThrottle(
  store: RequestStore,
  { agent, database, fingerprint }: NewRequest,
  { maxDenials, windowMs }: Throttle,
  now: Date,
): Promise<void> {
  const sinceMs = now.getTime() - windowMs;
  const times = await store.listDenials({ agent, database, fingerprint, sinceMs }, maxDenials);
  const earliest = times[maxDenials - 1];
  if (earliest === undefined) return;
  const time = new Date(Date.parse(earliest) + windowMs).toISOString();
  throw new PosternError('asked-too-often', { count: times.length, time });
}
