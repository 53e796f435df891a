/**
 * One HTTP POST to a service. Invariant: no redirect is followed, the time and the answer are bounded, and
 * nothing said about a failure repeats an address, a header or a body: any of them may be a secret.
 */
import { ATTEMPT_TIMEOUT_MS, MAX_ANSWER_BYTES } from './limits.ts';

export type Answer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly body: string;
      /** What Retry-After asks for, where it does. */
      readonly retryAfterMs: number | null;
    }
  | { readonly kind: 'failed'; readonly why: string };

export type Post = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs?: number;
};

/** Never rejects. */
export async function post({ url, headers, body, timeoutMs = ATTEMPT_TIMEOUT_MS }: Post): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'user-agent': 'postern', ...headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await boundedText(response);
    if (text === null) return { kind: 'failed', why: 'the answer is too long' };
    const retryAfterMs = retryAfter(response.headers.get('retry-after'));
    return { kind: 'answered', status: response.status, body: text, retryAfterMs };
  } catch (error) {
    return { kind: 'failed', why: whyOf(error) };
  }
}

async function boundedText(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    const bytes: Uint8Array = chunk;
    size += bytes.length;
    if (size > MAX_ANSWER_BYTES) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function retryAfter(header: string | null): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

/** The system's code, such as ECONNREFUSED; messages of a library may hold the address. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it could not be sent';
  if (error.name === 'TimeoutError') return 'it took too long';
  const { cause } = error;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : null;
  return typeof code === 'string' ? code : 'it could not be sent';
}
