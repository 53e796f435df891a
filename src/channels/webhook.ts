/**
 * Events for programs, signed as Standard Webhooks 1.0 asks: HMAC-SHA-256 over `id.timestamp.body`, one
 * signature for each secret, so that a receiver can change to a new one before the old one goes.
 * Invariants: the id is the same for every attempt and from every Postern, and no event carries the binding.
 */
import { createHmac } from 'node:crypto';
import { requestFacts } from '../approvals/request-facts.ts';
import type { WebhookConfig } from '../config/channel-config.ts';
import { changeId } from './change.ts';
import type { Channel, ChannelContext } from './channel.ts';
import { failureLogger } from './channel.ts';
import type { Attempt } from './outbox.ts';
import { Outbox } from './outbox.ts';
import { post } from './post.ts';
import type { Answer } from './post.ts';

export function openWebhook(config: WebhookConfig, { log, linkOf, times }: ChannelContext): Channel {
  const outbox = new Outbox({
    onFailure: failureLogger(log, config.name),
    ...(times === undefined ? {} : { times }),
  });
  const send = async (id: string, body: string): Promise<Attempt> =>
    attemptOf(await post({ url: config.url, headers: signedHeaders(config.keys, id, body), body }));
  return {
    get counts() {
      return outbox.counts;
    },
    tell(request, kind) {
      const id = changeId(request, kind);
      const timestamp = new Date().toISOString();
      const data = { ...requestFacts(request), url: linkOf(request.id) };
      const body = JSON.stringify({ type: kind, timestamp, data });
      outbox.push(request.id, id, () => send(id, body));
    },
    refresh: null,
    hint: null,
    test() {
      const timestamp = new Date().toISOString();
      return send(`test.${Date.now()}`, JSON.stringify({ type: 'test', timestamp, data: {} }));
    },
    close: () => outbox.close(),
  };
}

/** Headers for this moment's attempt. `webhook-timestamp` is in seconds. */
export function signedHeaders(
  keys: readonly Buffer[],
  id: string,
  body: string,
  now = Date.now(),
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(now / 1000));
  const signatures = keys.map((key) => {
    const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`);
    return `v1,${hmac.digest('base64')}`;
  });
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}

/** Any 2xx is delivered; 410 says never again; everything else may pass, a redirect's mistake too. */
export function attemptOf(answer: Answer): Attempt {
  if (answer.kind === 'failed') return { kind: 'retry', why: answer.why, afterMs: null };
  const { status, retryAfterMs: afterMs } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  const why = `it answered ${status}`;
  return status === 410 ? { kind: 'rejected', why } : { kind: 'retry', why, afterMs };
}
