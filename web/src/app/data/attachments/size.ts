const UNITS = ['bytes', 'kB', 'MB', 'GB'];

/** “812 bytes”, “4.2 kB”, “18 MB”. */
export function fileSize(bytes: number): string {
  if (bytes === 1) return '1 byte';
  let [amount, unit] = [bytes, 0];
  // What would be rounded to a thousand is one of the next.
  while (amount >= 999.5 && unit < UNITS.length - 1) [amount, unit] = [amount / 1_000, unit + 1];
  return `${amount.toLocaleString('en', { maximumFractionDigits: unit > 0 && amount < 9.95 ? 1 : 0 })} ${UNITS[unit]}`;
}

/** “HEIC” of “photo.heic”: what people call a kind of file. Nothing where a name has no such ending. */
export function fileKind(name: string): string {
  const [, ending = ''] = /[^.]\.([a-z][a-z0-9]{0,4})$/i.exec(name) ?? [];
  return ending.toUpperCase();
}
