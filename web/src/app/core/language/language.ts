import { isLanguage } from './is-language';

/** What the client is translated into, each by its own name. `public/theme.js` chooses before the first paint. */
export const LANGUAGES = {
  en: 'English',
  de: 'Deutsch',
  es: 'Español',
  fr: 'Français',
  ja: '日本語',
  ar: 'العربية',
} as const;

export type Language = keyof typeof LANGUAGES;

const root = document.documentElement;

/** The language that the page is in. */
export function language(): Language {
  return root.lang in LANGUAGES ? (root.lang as Language) : 'en';
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
