import { language, locale } from '../language/language';
import { countsToTwelve } from './twelve';

/** A formatter costs milliseconds to make, so each is made when it is first wanted. */
function lazy(options: Intl.DateTimeFormatOptions): () => Intl.DateTimeFormat {
  let made: Intl.DateTimeFormat | undefined;
  return () => (made ??= new Intl.DateTimeFormat(locale(), options));
}

const weekday = lazy({ weekday: 'long' });
const shortWeekday = lazy({ weekday: 'short' });
const dayAndMonth = lazy({ weekday: 'short', day: 'numeric', month: 'long' });
const withYear = lazy({ day: 'numeric', month: 'long', year: 'numeric' });
const short = lazy({ day: 'numeric', month: 'short' });
const shortWithYear = lazy({ day: 'numeric', month: 'numeric', year: '2-digit' });
const ofTwelve = lazy({ hour: 'numeric', minute: '2-digit', hour12: true });
const full = lazy({ dateStyle: 'full', timeStyle: 'short' });

let counted: boolean | undefined;

/** Whether this region counts to twelve twice. */
function twelve(): boolean {
  return (counted ??= countsToTwelve(navigator.language));
}

/**
 * The local calendar day of an instant, as a number: two instants share it if and only if they share the day.
 */
export function dayNumber(time: Date): number {
  return (time.getFullYear() * 12 + time.getMonth()) * 31 + time.getDate();
}

/** Calendar days from `time` to `now`, whatever the clocks did between (a day may have 23 or 25 hours). */
function daysAgo(time: Date, now: Date): number {
  const midnight = (date: Date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(now) - midnight(time)) / 86_400_000);
}

/** “14:03” or “2:03 PM”; on the way of every first paint, so mostly without a formatter. */
export function clockTime(time: Date): string {
  if (twelve() && language() !== 'en') return ofTwelve().format(time);
  const hours = time.getHours();
  const minutes = String(time.getMinutes()).padStart(2, '0');
  return twelve()
    ? `${hours % 12 || 12}:${minutes} ${hours < 12 ? 'AM' : 'PM'}`
    : `${String(hours).padStart(2, '0')}:${minutes}`;
}

/** “Sunday 22 November 2026 at 14:03”, for those who want to know exactly. */
export function fullTime(time: Date): string {
  return full().format(time);
}

/** The heading of a day: “Today”, “Yesterday”, “Tuesday”, “Sat 3 October”, “3 October 2025”. */
export function dayHeading(time: Date, now: Date): string {
  const days = daysAgo(time, now);
  if (days === 0) return $localize`Today`;
  if (days === 1) return $localize`Yesterday`;
  if (days > 1 && days < 7) return weekday().format(time);
  return time.getFullYear() === now.getFullYear() ? dayAndMonth().format(time) : withYear().format(time);
}

/** As short as a row of the list wants it: “14:03”, “Yesterday”, “Tue”, “3 Oct”, “03/10/25”. */
export function rowTime(time: Date, now: Date): string {
  const days = daysAgo(time, now);
  if (days <= 0) return clockTime(time);
  if (days === 1) return $localize`Yesterday`;
  if (days < 7) return shortWeekday().format(time);
  return time.getFullYear() === now.getFullYear() ? short().format(time) : shortWithYear().format(time);
}

/** “last seen at 14:03”, “last seen yesterday at 14:03”, “last seen Tuesday”, “last seen Sat 3 October”. */
export function lastSeenTime(time: Date, now: Date): string {
  const days = daysAgo(time, now);
  if (days <= 0) return $localize`last seen at ${clockTime(time)}:time:`;
  return days === 1
    ? $localize`last seen yesterday at ${clockTime(time)}:time:`
    : $localize`last seen ${dayHeading(time, now)}:day:`;
}
