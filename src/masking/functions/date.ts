/**
 * Dates and times cut down to the beginning of their year, quarter, month, week (Monday), day or hour.
 *
 * Invariant: the result is what PostgreSQL's date_trunc gives for the same value in UTC. A timestamptz is
 * cut in UTC and sent with offset +00 whatever the session's time zone: cut in a zone of the agent's
 * choosing, the offset alone would tell summer from winter. Text is read in ISO style only, in which years
 * have four digits or more and come first; other styles, infinities and years before Christ become NULL.
 * Non-goals: intervals and times of day, which have no beginning to be cut to.
 */
import { PosternError } from '../../errors.ts';
import type { DateUnit } from '../../policy/rules.ts';
import type { DateType } from '../text-types.ts';
import { SENDS_NULL } from './writer.ts';
import type { MaskWriter } from './writer.ts';

/** Binary dates count days and timestamps microseconds from 2000-01-01, a Saturday; datatype/timestamp.h. */
const US_PER_HOUR = 3_600_000_000n;
const HOURS_PER_DAY = 24;
const SECONDS_PER_HOUR = 3600;
const MIN_INT32 = -0x80000000;
const MAX_INT32 = 0x7fffffff;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const MONDAY = -5;
const DAYS_TO_2000 = 730_425; // from 0000-03-01, where leap days come last in a year
const DAYS_PER_ERA = 146_097; // 400 years
const DAYS_PER_CENTURY = 36_524;
const DAYS_PER_FOUR_YEARS = 1461;
const FIRST_DAY = daysFromCivil(1, 1, 1);
/** DATE_END_JULIAN and END_TIMESTAMP there: the last years. */
const LAST_DATE_YEAR = 5_874_897;
const LAST_TIMESTAMP_YEAR = 294_276;

const DATE_TEXT = /^(\d{4,7})-(\d\d)-(\d\d)$/;
const TIME_TEXT = /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.\d{1,6})?$/;
const ZONED_TEXT =
  /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.\d{1,6})?([+-])(\d\d)(?::(\d\d)(?::(\d\d))?)?$/;
/** No value of these types is longer in any DateStyle. */
const MAX_TEXT_BYTES = 64;

export function dateWriter(type: DateType, format: 0 | 1, unit: DateUnit): MaskWriter {
  if (format === 1) return type === 'date' ? binaryDate(unit) : binaryTimestamp(unit);
  return type === 'date' ? dateText(unit) : timestampText(unit, type === 'timestamptz');
}

function malformed(): never {
  throw new PosternError('masking-failed', { reason: 'a date is malformed' });
}

function binaryDate(unit: DateUnit): MaskWriter {
  return (src, start, end, out, at) => {
    if (end - start !== 4) malformed();
    const day = src.readInt32BE(start);
    if (day === MIN_INT32 || day === MAX_INT32) return SENDS_NULL;
    const cut = firstDay(day, unit);
    return cut === null ? SENDS_NULL : out.writeInt32BE(cut, at) - at;
  };
}

function binaryTimestamp(unit: DateUnit): MaskWriter {
  return (src, start, end, out, at) => {
    if (end - start !== 8) malformed();
    const time = src.readBigInt64BE(start);
    if (time === MIN_INT64 || time === MAX_INT64) return SENDS_NULL;
    const hours = Number((time - (((time % US_PER_HOUR) + US_PER_HOUR) % US_PER_HOUR)) / US_PER_HOUR);
    const cut = firstHour(hours, unit);
    return cut === null ? SENDS_NULL : out.writeBigInt64BE(BigInt(cut) * US_PER_HOUR, at) - at;
  };
}

function dateText(unit: DateUnit): MaskWriter {
  return (src, start, end, out, at) => {
    const match = matchOf(DATE_TEXT, src, start, end);
    const day = match === null ? null : dayOf(match, LAST_DATE_YEAR);
    const cut = day === null ? null : firstDay(day, unit);
    return cut === null ? SENDS_NULL : out.write(isoDate(cut), at, 'latin1');
  };
}

function timestampText(unit: DateUnit, zoned: boolean): MaskWriter {
  return (src, start, end, out, at) => {
    const match = matchOf(zoned ? ZONED_TEXT : TIME_TEXT, src, start, end);
    const day = match === null ? null : dayOf(match, LAST_TIMESTAMP_YEAR);
    if (match === null || day === null) return SENDS_NULL;
    const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6])];
    if (hour > HOURS_PER_DAY || minute > 59 || second > 60) return SENDS_NULL;
    const seconds = hour * SECONDS_PER_HOUR + minute * 60 + second - offsetSeconds(match);
    const cut = firstHour(day * HOURS_PER_DAY + Math.floor(seconds / SECONDS_PER_HOUR), unit);
    if (cut === null) return SENDS_NULL;
    const dayOfCut = Math.floor(cut / HOURS_PER_DAY);
    const cutHour = String(cut - dayOfCut * HOURS_PER_DAY).padStart(2, '0');
    return out.write(`${isoDate(dayOfCut)} ${cutHour}:00:00${zoned ? '+00' : ''}`, at, 'latin1');
  };
}

function matchOf(style: RegExp, src: Buffer, start: number, end: number): RegExpExecArray | null {
  return end - start > MAX_TEXT_BYTES ? null : style.exec(src.toString('latin1', start, end));
}

function dayOf(match: RegExpExecArray, lastYear: number): number | null {
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1 || year > lastYear || month < 1 || month > 12 || day < 1) return null;
  const first = daysFromCivil(year, month, 1);
  const next = month === 12 ? daysFromCivil(year + 1, 1, 1) : daysFromCivil(year, month + 1, 1);
  return day > next - first ? null : first + day - 1;
}

function offsetSeconds(match: RegExpExecArray): number {
  const seconds =
    Number(match[8] ?? 0) * SECONDS_PER_HOUR + Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0);
  return match[7] === '-' ? -seconds : seconds;
}

/** Hours since 2000-01-01 of the beginning of the unit that hour is in; null before Christ. */
function firstHour(hours: number, unit: DateUnit): number | null {
  if (unit === 'hour') return hours < FIRST_DAY * HOURS_PER_DAY ? null : hours;
  const day = firstDay(Math.floor(hours / HOURS_PER_DAY), unit);
  return day === null ? null : day * HOURS_PER_DAY;
}

/** Days since 2000-01-01; null before Christ. */
function firstDay(day: number, unit: DateUnit): number | null {
  const cut = cutDay(day, unit);
  return cut < FIRST_DAY ? null : cut;
}

function cutDay(day: number, unit: DateUnit): number {
  if (unit === 'day' || unit === 'hour') return day;
  if (unit === 'week') return day - ((((day - MONDAY) % 7) + 7) % 7);
  const { year, month } = civilFromDays(day);
  if (unit === 'year') return daysFromCivil(year, 1, 1);
  return daysFromCivil(year, unit === 'quarter' ? month - ((month - 1) % 3) : month, 1);
}

/** Days from 2000-01-01 of a day in the proleptic Gregorian calendar. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  // March is month 0; five months from March or August have 153 days
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - DAYS_TO_2000;
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const since = days + DAYS_TO_2000;
  const era = Math.floor(since / DAYS_PER_ERA);
  const dayOfEra = since - era * DAYS_PER_ERA;
  const leapDays =
    Math.floor(dayOfEra / (DAYS_PER_FOUR_YEARS - 1)) -
    Math.floor(dayOfEra / DAYS_PER_CENTURY) +
    Math.floor(dayOfEra / (DAYS_PER_ERA - 1));
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  return { year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day };
}

function isoDate(days: number): string {
  const { year, month, day } = civilFromDays(days);
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}
