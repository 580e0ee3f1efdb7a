import { OWN } from '../base';
import { local } from '../storage/storage';
import type { Language } from './language';

/** Each by its own name. */
export const LANGUAGES: Readonly<Record<Language, string>> = {
  en: 'English',
  de: 'Deutsch',
  es: 'Español',
  fr: 'Français',
  ja: '日本語',
  ar: 'العربية',
};

const KEY = `${OWN}language`;

/** The language that was chosen in this browser; null is the browser's own. */
export function chosenLanguage(): Language | null {
  const choice = local.getItem(KEY);
  return choice && choice in LANGUAGES ? (choice as Language) : null;
}

/** Begins the page anew, in the language that is chosen. */
export function chooseLanguage(choice: Language | null): void {
  if (choice) local.setItem(KEY, choice);
  else local.removeItem(KEY);
  location.reload();
}
