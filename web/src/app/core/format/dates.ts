// Days as fields for dates have them: `2026-03-28`, in the local calendar.

export function dateOf(time: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

/** When a day begins here, or one so many days later; in some places that is not at midnight. */
export function startOfDay(date: string, later = 0): Date {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number];
  return new Date(year, month - 1, day + later);
}
