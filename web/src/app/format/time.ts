// Words in the language of the interface, hours as the person's own region counts them.
const english = navigator.languages.find((language) => language.startsWith('en')) ?? 'en-GB';
const { hourCycle = 'h23' } = new Intl.DateTimeFormat(undefined, { hour: 'numeric' }).resolvedOptions();

const clock = new Intl.DateTimeFormat(english, { hour: hourCycle.startsWith('h1') ? 'numeric' : '2-digit', minute: '2-digit', hourCycle });
const weekday = new Intl.DateTimeFormat(english, { weekday: 'long' });
const shortWeekday = new Intl.DateTimeFormat(english, { weekday: 'short' });
const dayAndMonth = new Intl.DateTimeFormat(english, { weekday: 'short', day: 'numeric', month: 'long' });
const withYear = new Intl.DateTimeFormat(english, { day: 'numeric', month: 'long', year: 'numeric' });
const short = new Intl.DateTimeFormat(english, { day: 'numeric', month: 'short' });
const shortWithYear = new Intl.DateTimeFormat(english, { day: 'numeric', month: 'numeric', year: '2-digit' });
const full = new Intl.DateTimeFormat(english, { dateStyle: 'full', timeStyle: 'short', hourCycle });

/** The local calendar day of an instant, as a number: two instants share it if and only if they share the day. */
export function dayNumber(time: Date): number {
  return (time.getFullYear() * 12 + time.getMonth()) * 31 + time.getDate();
}

/** Calendar days from `time` to `now`, whatever the clocks did between (a day may have 23 or 25 hours). */
function daysAgo(time: Date, now: Date): number {
  const midnight = (date: Date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(now) - midnight(time)) / 86_400_000);
}

/** “14:03”. */
export function clockTime(time: Date): string {
  return clock.format(time);
}

/** “Sunday 22 November 2026 at 14:03”, for those who want to know exactly. */
export function fullTime(time: Date): string {
  return full.format(time);
}

/** The heading of a day: “Today”, “Yesterday”, “Tuesday”, “Sat 3 October”, “3 October 2025”. */
export function dayHeading(time: Date, now: Date): string {
  const days = daysAgo(time, now);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  if (days > 1 && days < 7) return weekday.format(time);
  return time.getFullYear() === now.getFullYear() ? dayAndMonth.format(time) : withYear.format(time);
}

/** As short as a row of the list wants it: “14:03”, “Yesterday”, “Tue”, “3 Oct”, “03/10/25”. */
export function rowTime(time: Date, now: Date): string {
  const days = daysAgo(time, now);
  if (days <= 0) return clock.format(time);
  if (days === 1) return 'Yesterday';
  if (days < 7) return shortWeekday.format(time);
  return time.getFullYear() === now.getFullYear() ? short.format(time) : shortWithYear.format(time);
}
