import { language, locale } from './language';

/** “Ann, Bob and Cat”, or narrow, “Ann, Bob, Cat”. In English as in Britain: no comma stands before “and”. */
export function list(items: readonly string[], style: 'long' | 'narrow' = 'long'): string {
  if (items.length < 2) return items[0] ?? '';
  return new Intl.ListFormat(language() === 'en' ? 'en-GB' : locale(), { style }).format(items);
}
