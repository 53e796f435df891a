/** What every kind of channel can do. */
import type { Request } from '../approvals/request.ts';
import type { ChangeKind } from './change.ts';
import type { Attempt, Counts, RetryTimes } from './outbox.ts';

export type Channel = {
  readonly counts: Counts;
  /** Returns at once and never throws; what goes wrong later is counted and logged. */
  tell(request: Request, kind: ChangeKind): void;
  /** Brings what was posted from here up to date after a step at another Postern; null where nothing posted can change. */
  readonly refresh: ((request: Request) => void) | null;
  /**
   * Says only that the request's agent asks more often than people can be asked. Null where programs listen,
   * which do not tire.
   */
  readonly hint: ((request: Request) => void) | null;
  /** One test message, sent once. */
  test(): Promise<Attempt>;
  close(): Promise<void>;
};

export type ChannelLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

export type ChannelContext = {
  readonly log: ChannelLog;
  /** Where people find a request, or null. */
  readonly linkOf: (id: string) => string | null;
  readonly times?: RetryTimes;
};

/** The log line for a delivery that will not arrive. */
export function failureLogger(log: ChannelLog, channel: string): (what: string, why: string) => void {
  return (delivery, why) => log.error({ channel, delivery, why }, 'a channel could not be reached');
}
