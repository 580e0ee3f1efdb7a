import { number } from '../../core/language/plural';

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];

/** “812 bytes”, “4.2 kB”, “18 MB”. */
export function fileSize(bytes: number): string {
  let [amount, unit] = [bytes, 0];
  // What would be rounded to a thousand is one of the next.
  while (amount >= 999.5 && unit < UNITS.length - 1) [amount, unit] = [amount / 1_000, unit + 1];
  return number(amount, {
    style: 'unit',
    unit: UNITS[unit]!,
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: unit > 0 && amount < 9.95 ? 1 : 0,
  });
}

/** “HEIC” of “photo.heic”: what people call a kind of file. Nothing where a name has no such ending. */
export function fileKind(name: string): string {
  const [, ending = ''] = /[^.]\.([a-z][a-z0-9]{0,4})$/i.exec(name) ?? [];
  return ending.toUpperCase();
}
