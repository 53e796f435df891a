/**
 * The client's side of SCRAM-SHA-256 and -PLUS (RFC 5802, RFC 7677, as in libpq's fe-auth-scram.c): Postern
 * authenticating to an upstream.
 *
 * Invariant: the server is believed only once `finish` has checked its signature; AuthenticationOk before
 * that is an imposter's. Non-goals: random numbers (the nonce is passed in), the wire.
 */

import { timingSafeEqual } from 'node:crypto';
import { PosternError } from '../errors.ts';
import { MAX_SCRAM_ITERATIONS } from './limits.ts';
import {
  GS2_BOUND,
  isNonce,
  parseServerFinal,
  parseServerFirst,
  SCRAM_SHA_256,
  SCRAM_SHA_256_PLUS,
} from './scram-message.ts';
import {
  clientKeyOf,
  hmac,
  saltPassword,
  serverKeyOf,
  sha256,
  xor,
  type SaltPassword,
} from './scram-verifier.ts';
import { violation } from './violation.ts';

type Stage = 'new' | 'started' | 'answering' | 'answered' | 'done' | 'failed';

export class ScramClient {
  readonly #password: string;
  readonly #nonce: string;
  readonly #channelBinding: Buffer | null;
  readonly #salt: SaltPassword;
  #stage: Stage = 'new';
  #gs2Header = '';
  #expectedSignature: Buffer = Buffer.alloc(0);

  /**
   * @param options.nonce fresh randomness of 18 bytes or more in base64
   * @param options.channelBinding the hash of the server's certificate (tls-server-end-point) on a TLS
   *   connection; null without TLS, or where the certificate's signature names no hash
   * @param options.salt for who keeps what it took thousands of hashes to make; PBKDF2 each time where absent
   */
  constructor(options: {
    readonly password: string;
    readonly nonce: string;
    readonly channelBinding: Buffer | null;
    readonly salt?: SaltPassword;
  }) {
    if (!isNonce(options.nonce))
      throw new PosternError('bad-input', { reason: 'the SCRAM nonce is not printable' });
    this.#password = options.password;
    this.#nonce = options.nonce;
    this.#channelBinding = options.channelBinding;
    this.#salt = options.salt ?? saltPassword;
  }

  get done(): boolean {
    return this.#stage === 'done';
  }

  /**
   * Takes AuthenticationSASL's mechanisms, gives what a SASLInitialResponse needs.
   * @throws PosternError `protocol-violation` when none of them is SCRAM-SHA-256
   */
  start(offered: readonly string[]): { readonly mechanism: string; readonly message: string } {
    this.#advance('new', 'started');
    const bound = this.#channelBinding !== null && offered.includes(SCRAM_SHA_256_PLUS);
    if (!bound && !offered.includes(SCRAM_SHA_256))
      throw violation('the server offers no SASL mechanism known here');
    // `y` lets a server that did offer -PLUS find out that somebody in between took it off the list.
    this.#gs2Header = bound ? GS2_BOUND : this.#channelBinding === null ? 'n,,' : 'y,,';
    const mechanism = bound ? SCRAM_SHA_256_PLUS : SCRAM_SHA_256;
    return { mechanism, message: `${this.#gs2Header}n=,r=${this.#nonce}` };
  }

  /**
   * Takes AuthenticationSASLContinue's data, gives the SASLResponse's text.
   * @throws PosternError `protocol-violation` for a malformed message, a nonce that does not continue ours,
   *   or more iterations than `MAX_SCRAM_ITERATIONS`
   */
  async continue(data: Buffer): Promise<string> {
    this.#advance('started', 'answering');
    const { text, nonce, salt, iterations } = parseServerFirst(data);
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw violation('SCRAM nonce does not match');
    }
    if (iterations > MAX_SCRAM_ITERATIONS) throw violation('the server asks for too many SCRAM iterations');
    const salted = await this.#salt(this.#password, salt, iterations);
    const binding = this.#gs2Header === GS2_BOUND ? this.#channelBinding! : Buffer.alloc(0);
    const header = Buffer.concat([Buffer.from(this.#gs2Header, 'utf8'), binding]).toString('base64');
    const withoutProof = `c=${header},r=${nonce}`;
    const message = `n=,r=${this.#nonce},${text},${withoutProof}`;
    const clientKey = clientKeyOf(salted);
    const proof = xor(clientKey, hmac(sha256(clientKey), message));
    this.#expectedSignature = hmac(serverKeyOf(salted), message);
    this.#advance('answering', 'answered');
    return `${withoutProof},p=${proof.toString('base64')}`;
  }

  /**
   * Takes AuthenticationSASLFinal's data.
   * @throws PosternError `protocol-violation` when the server does not prove that it knows the verifier
   */
  finish(data: Buffer): void {
    this.#advance('answered', 'failed');
    const signature = parseServerFinal(data);
    if (!timingSafeEqual(signature, this.#expectedSignature))
      throw violation("the server's SCRAM signature is wrong");
    this.#stage = 'done';
  }

  #advance(from: Stage, to: Stage): void {
    if (this.#stage !== from) throw violation('SCRAM messages out of order');
    this.#stage = to;
  }
}
