import { isLanguage } from './is-language';

/** What the client is translated into; `public/theme.js` chooses one before the first paint. */
export type Language = 'en' | 'de' | 'es' | 'fr' | 'ja' | 'ar';

const root = document.documentElement;

/** The language that the page is in. */
export function language(): Language {
  return (root.lang || 'en') as Language;
}

/** Shows the page in English after all. */
export function speakEnglish(): void {
  root.lang = 'en';
  root.dir = 'ltr';
}

let chosen: readonly [language: Language, locale: string] | undefined;

/**
 * How dates and numbers are written: in the language of the page, as in the region of whoever reads it. Digits
 * are the same everywhere, as the clock and sizes are put together without a formatter.
 */
export function locale(): string {
  const now = language();
  if (chosen?.[0] !== now) {
    const own = navigator.languages.find((tag) => tag.split('-')[0] === now && isLanguage(tag));
    chosen = [now, own ?? (now === 'en' ? 'en-GB' : now)];
    if (now === 'ar') chosen = [now, new Intl.Locale(chosen[1], { numberingSystem: 'latn' }).toString()];
  }
  return chosen[1];
}
