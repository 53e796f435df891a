/**
 * From the client: frames are taken one at a time and handled in order. A handler that has to wait (for a
 * human, the catalog, or earlier answers) stops the taking, not the reading: bytes that arrive meanwhile
 * are kept up to a bound, so that a client that goes away is noticed.
 *
 * Invariant: every frame type has a rule here; one without a rule ends the session (I2).
 */
import { PosternError } from '../errors.ts';
import { FrameReader, CLIENT_STREAMABLE } from '../wire/frame-reader.ts';
import { CLIENT_TYPE, clientMaxLength } from '../wire/client/types.ts';
import { drain } from './holding.ts';
import { holdWithheldBind, onExecute } from './execute.ts';
import { holdsBack, onBind, onClose, onDescribe, onFlush, onParse, onSync, refusing } from './extended.ts';
import { inTurn } from './in-turn.ts';
import { SESSION_LIMITS } from './limits.ts';
import { onQuery, refuseQuery } from './simple.ts';
import type { Frame, SessionState } from './state.ts';

/** Message overhead around a statement's text: type, length, name, parameter types (2 bytes + 4 each of 65,535). */
const PARSE_OVERHEAD = 270_000;

export class ClientSide {
  readonly #session: SessionState;
  readonly #reader: FrameReader;
  readonly #fail: (error: unknown) => void;
  readonly #terminate: () => void;
  #waiting = false;
  /** Of the frame whose pieces come now: too long to be read, so it is thrown away and refused at its end. */
  #overlong = false;

  /**
   * @param fail ends the session because of a client that broke the protocol
   * @param terminate the client said goodbye
   */
  constructor(session: SessionState, fail: (error: unknown) => void, terminate: () => void) {
    this.#session = session;
    this.#fail = fail;
    this.#terminate = terminate;
    this.#reader = new FrameReader(clientMaxLength, CLIENT_STREAMABLE, (type) => this.#wholeUpTo(type));
    this.#reader.streaming = true;
  }

  /** Longest message of a type that is put together. CopyData is not: it passes in pieces. */
  #wholeUpTo(type: number): number {
    const { maxStatementBytes, maxBindBytes } = this.#session.parts.limits;
    if (type === CLIENT_TYPE.copyData) return Number.POSITIVE_INFINITY;
    return type === CLIENT_TYPE.bind ? maxBindBytes : maxStatementBytes + PARSE_OVERHEAD;
  }

  /** Bytes that arrived and were not handled yet. */
  get pending(): number {
    return this.#reader.pending;
  }

  get waiting(): boolean {
    return this.#waiting;
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
    this.#pump();
  }

  #pump(): void {
    const session = this.#session;
    try {
      while (!this.#waiting && !session.closed && !session.goodbye && this.#reader.next()) {
        const turn = inTurn(session, this.#reader.type);
        const later = turn === undefined ? this.#taken() : turn.then(() => this.#taken());
        if (later instanceof Promise) this.#wait(later);
      }
      session.parts.toUpstream.flush();
      session.parts.toClient.flush();
    } catch (error) {
      this.#fail(error);
    }
  }

  #taken(): void | Promise<void> {
    return this.#handle() ?? this.#afterTooMuch();
  }

  /** A client that never waits for answers is made to, and one that sends more than the trail can take. */
  #afterTooMuch(): void | Promise<void> {
    const session = this.#session;
    const room = session.parts.gate.room();
    if (room !== undefined) return room;
    if (session.replies.size < SESSION_LIMITS.maxRepliesOwed || session.copyIn !== 'none') return undefined;
    return drain(session);
  }

  #wait(later: Promise<void>): void {
    this.#waiting = true;
    // What was sent before must not wait with it.
    this.#session.parts.toUpstream.flush();
    later.then(
      () => {
        this.#waiting = false;
        this.#pump();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #handle(): void | Promise<void> {
    const { type, buffer, start, end, first, last, frameBytes } = this.#reader;
    const session = this.#session;
    if (session.copyIn === 'active' && !COPY_TYPES.has(type)) return this.#duringCopyIn(type);
    const frame: Frame = { type, buffer, start, end };
    if (first) this.#overlong = frameBytes - 1 > this.#wholeUpTo(type);
    if (this.#overlong) return last ? this.#after(frame, refuseOverlong) : undefined;
    switch (type) {
      case CLIENT_TYPE.query:
        return this.#after(frame, onQuery);
      case CLIENT_TYPE.parse:
        return onParse(session, frame);
      case CLIENT_TYPE.bind:
        return onBind(session, frame);
      case CLIENT_TYPE.describe:
        return onDescribe(session, frame);
      case CLIENT_TYPE.execute:
        return onExecute(session, frame);
      case CLIENT_TYPE.close:
        return onClose(session, frame);
      case CLIENT_TYPE.flush:
        checkBare(frame);
        return this.#after(frame, onFlush);
      case CLIENT_TYPE.sync:
        checkBare(frame);
        return this.#after(frame, onSync);
      case CLIENT_TYPE.copyData:
      case CLIENT_TYPE.copyDone:
      case CLIENT_TYPE.copyFail:
        return this.#copyFrame(frame);
      case CLIENT_TYPE.functionCall:
        return refuseFunctionCall(session);
      case CLIENT_TYPE.terminate:
        return this.#terminate();
      default:
        throw new PosternError('protocol-violation', { reason: `message type ${type} has no place here` });
    }
  }

  /** A held statement that was bound but not executed is held before anything that follows it. */
  #after(
    frame: Frame,
    handler: (session: SessionState, frame: Frame) => void | Promise<void>,
  ): void | Promise<void> {
    const session = this.#session;
    if (!holdsBack(session) || session.skipping) return handler(session, frame);
    return (async () => {
      await refusing(session, () => holdWithheldBind(session));
      await handler(session, frame);
    })();
  }

  #copyFrame(frame: Frame): void {
    const session = this.#session;
    // Always: outside COPY the server ignores them, late ones after an error above all. To leave some out
    // would be worse than useless, for a frame that comes in pieces would lose part of itself.
    const { gate, toUpstream } = session.parts;
    toUpstream.forward(gate.passage(), frame.buffer, frame.start, frame.end);
    if (frame.type !== CLIENT_TYPE.copyData) this.#copyEnded();
  }

  #copyEnded(): void {
    const session = this.#session;
    const reply = session.copyInReply;
    if (session.copyIn === 'none' || reply === null) return;
    // Sent ahead of the server's CopyInResponse, which must then not begin another COPY.
    if (session.copyIn === 'expected' && 'ended' in reply) reply.ended += 1;
    // A message of several statements may hold another COPY.
    if (reply.kind === 'query') session.copyIn = 'expected';
    else {
      session.copyIn = 'none';
      session.copyInReply = null;
    }
  }

  /** The server ignores Sync and Flush during COPY FROM STDIN and takes anything else for a failure. */
  #duringCopyIn(type: number): void {
    if (type === CLIENT_TYPE.sync || type === CLIENT_TYPE.flush) return;
    if (type === CLIENT_TYPE.terminate) return this.#terminate();
    throw new PosternError('protocol-violation', {
      reason: 'a statement was sent while COPY data was expected',
    });
  }
}

const COPY_TYPES: ReadonlySet<number> = new Set([
  CLIENT_TYPE.copyData,
  CLIENT_TYPE.copyDone,
  CLIENT_TYPE.copyFail,
]);

/** Every byte of it is gone by now; the client learns why and goes on. */
function refuseOverlong(session: SessionState, { type }: Frame): void | Promise<void> {
  if (session.skipping) return undefined;
  if (type === CLIENT_TYPE.functionCall) return refuseFunctionCall(session);
  const { gate, limits } = session.parts;
  if (type === CLIENT_TYPE.bind) {
    return refusing(session, () => {
      throw gate.refusalUnread('limit-exceeded', {
        what: 'the length of the parameters (maxBindBytes)',
        limit: limits.maxBindBytes,
      });
    });
  }
  const reason = `it is longer than ${limits.maxStatementBytes} bytes`;
  const refuse = (): PosternError => gate.refusalUnread('statement-too-complex', { reason });
  if (type === CLIENT_TYPE.query) return refuseQuery(session, refuse());
  return refusing(session, () => {
    throw refuse();
  });
}

function refuseFunctionCall(session: SessionState): void | Promise<void> {
  if (session.skipping) return undefined;
  return refuseQuery(session, new PosternError('fast-path-denied'), 'function call');
}

/** Messages without a body. The server would refuse one that has, and its answer would be out of step. */
function checkBare({ start, end }: Frame): void {
  if (end - start !== BARE_BYTES)
    throw new PosternError('protocol-violation', { reason: 'a message has bytes to spare' });
}

/** Type and length. */
const BARE_BYTES = 5;
