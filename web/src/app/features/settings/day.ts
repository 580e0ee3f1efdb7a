import { dayHeading } from '../../core/format/time';
import { locale } from '../../core/language/language';

/** A day within a sentence: “today”, “Tuesday”, “Sat 3 October”. */
export function dayWithin(time: string, now: Date): string {
  const day = dayHeading(new Date(time), now);
  return [$localize`Today`, $localize`Yesterday`].includes(day) ? day.toLocaleLowerCase(locale()) : day;
}
