/**
 * The server's side of SCRAM-SHA-256 and -PLUS (RFC 5802, RFC 7677, as in PostgreSQL's auth-scram.c): Postern
 * authenticating an agent.
 *
 * Invariant: every verifier, real or mock, takes the same steps, and a proof is compared in constant time; so
 * a refusal says nothing about why. Non-goals: random numbers (the nonce is passed in), the wire, who the
 * agent is.
 */

import { timingSafeEqual } from 'node:crypto';
import { PosternError } from '../errors.ts';
import {
  isNonce,
  parseClientFinal,
  parseClientFirst,
  SCRAM_SHA_256,
  SCRAM_SHA_256_PLUS,
  type ClientFirst,
} from './scram-message.ts';
import { hmac, parseVerifier, sha256, xor, type Verifier } from './scram-verifier.ts';
import { violation } from './violation.ts';

export type ScramOutcome =
  /** `message` goes out in AuthenticationSASLFinal. */
  { readonly kind: 'accepted'; readonly message: string } | { readonly kind: 'rejected' };

/** What to offer in AuthenticationSASL, strongest first. @param channelBinding as in ScramServer */
export function scramMechanisms(channelBinding: Buffer | null): readonly string[] {
  return channelBinding === null ? [SCRAM_SHA_256] : [SCRAM_SHA_256_PLUS, SCRAM_SHA_256];
}

export class ScramServer {
  readonly #verifier: Verifier;
  readonly #serverNonce: string;
  readonly #channelBinding: Buffer | null;
  #first: ClientFirst | null = null;
  #serverFirst = '';

  /**
   * @param options.verifier PostgreSQL's form; `mockVerifier` for an unknown agent
   * @param options.nonce fresh randomness of 18 bytes or more in base64
   * @param options.channelBinding the hash of Postern's own certificate (tls-server-end-point) on a TLS
   *   connection where -PLUS was offered; null where it was not
   * @throws PosternError `bad-input` for a broken verifier or nonce
   */
  constructor(options: {
    readonly verifier: string;
    readonly nonce: string;
    readonly channelBinding: Buffer | null;
  }) {
    this.#verifier = parseVerifier(options.verifier);
    if (!isNonce(options.nonce))
      throw new PosternError('bad-input', { reason: 'the SCRAM nonce is not printable' });
    this.#serverNonce = options.nonce;
    this.#channelBinding = options.channelBinding;
  }

  /**
   * Takes the SASLInitialResponse, gives the text for AuthenticationSASLContinue.
   * @throws PosternError `protocol-violation` for a malformed message, an unknown mechanism, or a downgrade:
   *   a client that believes Postern cannot bind the channel, though it offered to
   */
  first(mechanism: string, data: Buffer | null): string {
    if (this.#first !== null) throw violation('SCRAM messages out of order');
    const bound = mechanism === SCRAM_SHA_256_PLUS && this.#channelBinding !== null;
    if (!bound && mechanism !== SCRAM_SHA_256) throw violation('this SASL mechanism was not offered');
    if (data === null) throw violation('SCRAM needs an initial response');
    const first = parseClientFirst(data);
    if (bound !== (first.flag === 'p')) throw violation('SCRAM channel binding does not fit the mechanism');
    if (first.flag === 'y' && this.#channelBinding !== null) {
      throw violation('SCRAM channel binding was offered, but the client did not see it');
    }
    this.#first = first;
    const { salt, iterations } = this.#verifier;
    this.#serverFirst = `r=${first.nonce}${this.#serverNonce},s=${salt.toString('base64')},i=${iterations}`;
    return this.#serverFirst;
  }

  /**
   * Takes the SASLResponse.
   * @throws PosternError `protocol-violation` for a malformed message, another nonce, or a channel binding
   *   that is not this connection's
   */
  final(data: Buffer): ScramOutcome {
    const first = this.#first;
    if (first === null || this.#serverFirst === '') throw violation('SCRAM messages out of order');
    const serverFirst = this.#serverFirst;
    // One attempt an exchange: the nonce must not serve twice.
    this.#serverFirst = '';
    const final = parseClientFinal(data);
    const bindingData = first.flag === 'p' ? this.#channelBinding! : Buffer.alloc(0);
    const expected = Buffer.concat([Buffer.from(first.gs2Header, 'utf8'), bindingData]).toString('base64');
    if (final.binding !== expected) throw violation('SCRAM channel binding check failed');
    if (final.nonce !== first.nonce + this.#serverNonce) throw violation('SCRAM nonce does not match');
    const message = `${first.bare},${serverFirst},${final.withoutProof}`;
    const clientKey = xor(final.proof, hmac(this.#verifier.storedKey, message));
    const signature = hmac(this.#verifier.serverKey, message).toString('base64');
    return timingSafeEqual(sha256(clientKey), this.#verifier.storedKey)
      ? { kind: 'accepted', message: `v=${signature}` }
      : { kind: 'rejected' };
  }
}
