/** Turns whatever was thrown into the one shape of a refusal: `{error: {code, message, hint}}`. */
import { PosternError } from '../errors.ts';
import { MAX_BODY_BYTES } from './limits.ts';

export type Refusal = {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
};

/**
 * The registry's error for whatever was thrown. Anything not made to be shown becomes `internal-error`,
 * whose text says nothing: a library's message may quote a literal (I8).
 */
export function asPosternError(thrown: unknown): PosternError {
  if (thrown instanceof PosternError) return thrown;
  if (!(thrown instanceof Error)) return new PosternError('internal-error');
  const { code, statusCode, validation } = thrown as Error & {
    code?: unknown;
    statusCode?: unknown;
    validation?: unknown;
  };
  // ajv's messages name the member and the constraint, never the value.
  if (Array.isArray(validation)) return new PosternError('bad-input', { reason: thrown.message });
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new PosternError('limit-exceeded', {
        what: 'the request body',
        limit: `${MAX_BODY_BYTES} bytes`,
      });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new PosternError('bad-input', { reason: 'the body has to be JSON, sent as application/json' });
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new PosternError('bad-input', { reason: 'the body is not valid JSON' });
    case 'FST_ERR_VALIDATION':
      return new PosternError('bad-input', {
        reason: 'the request does not fit the schema in /v1/openapi.json',
      });
    default:
      if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
        return new PosternError('bad-input', { reason: 'the request is malformed' });
      }
      return new PosternError('internal-error');
  }
}

export function refusalOf(error: PosternError): Refusal {
  return { error: { code: error.code, message: error.message, hint: error.hint } };
}

/** Where something went wrong, without its message, which may quote what somebody sent. */
export function placeOf(thrown: unknown): object {
  if (!(thrown instanceof Error)) return { thrown: typeof thrown };
  const frames = (thrown.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim());
  const code: unknown = (thrown as Error & { code?: unknown }).code;
  return { name: thrown.name, ...(typeof code === 'string' ? { code } : {}), at: frames.slice(0, 10) };
}
