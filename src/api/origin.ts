/**
 * Keeps web pages from reaching the API through an approver's browser: by a name that an attacker's DNS
 * server points at 127.0.0.1 (rebinding), or by a request from another page.
 */
import { isLoopback } from '../config/loopback.ts';
import { PosternError } from '../errors.ts';

/**
 * @param configured the host the API listens on by postern.yaml
 * @throws PosternError `host-refused`
 */
export function checkHostAndOrigin(
  host: string | undefined,
  origin: string | undefined,
  configured: string,
): void {
  const name = host === undefined ? null : hostName(host);
  if (name === null || !(isLoopback(name) || name === configured.toLowerCase()))
    throw new PosternError('host-refused');
  if (origin === undefined) return;
  // Nothing in front of us would be the same origin under another port, so the whole authority must agree.
  if (origin !== `http://${host}` && origin !== `https://${host}`) throw new PosternError('host-refused');
}

/** The name in a Host header, lower-case, without port or brackets; null where it is not of that form. */
function hostName(host: string): string | null {
  const found = /^(?:\[([0-9a-f:]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/.exec(host.toLowerCase());
  return found?.[1] ?? found?.[2] ?? null;
}
