/**
 * Is a POST from Slack, of now, and new? Slack signs `v0:timestamp:body` with HMAC-SHA-256 in hex
 * (docs.slack.dev, "Verifying requests from Slack"). Invariants: compared in constant time, whichever secret
 * fits; a timestamp out of its window is refused, and a signature is good once.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { MAX_REMEMBERED, SIGNATURE_WINDOW_S } from './limits.ts';

export type Signed = {
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
  /** The bytes as they came. */
  readonly body: Buffer;
};

export class SlackSignatures {
  readonly #secrets: readonly string[];
  readonly #nowMs: () => number;
  /** Signatures seen, oldest first, with the second after which their timestamp is refused anyway. */
  readonly #seen = new Map<string, number>();

  constructor(secrets: readonly string[], nowMs: () => number = Date.now) {
    this.#secrets = secrets;
    this.#nowMs = nowMs;
  }

  /** The secret that signed it, or null. A second call with the same answers null. */
  accept({ timestamp, signature, body }: Signed): string | null {
    if (timestamp === undefined || !/^\d{1,12}$/.test(timestamp)) return null;
    if (signature === undefined || !/^v0=[0-9a-f]{64}$/.test(signature)) return null;
    const now = Math.floor(this.#nowMs() / 1000);
    if (Math.abs(now - Number(timestamp)) > SIGNATURE_WINDOW_S) return null;
    const given = Buffer.from(signature);
    let found: string | null = null;
    for (const secret of this.#secrets) {
      const expected = Buffer.from(slackSignature(secret, timestamp, body));
      if (timingSafeEqual(expected, given)) found = secret;
    }
    return found !== null && this.#isNew(signature, Number(timestamp), now) ? found : null;
  }

  #isNew(signature: string, timestamp: number, now: number): boolean {
    if (this.#seen.has(signature)) return false;
    for (const [old, until] of this.#seen) if (until < now) this.#seen.delete(old);
    // Forgetting one that is still good would let it in again.
    if (this.#seen.size >= MAX_REMEMBERED) return false;
    this.#seen.set(signature, timestamp + SIGNATURE_WINDOW_S);
    return true;
  }
}

export function slackSignature(secret: string, timestamp: string, body: Buffer): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}`;
}
