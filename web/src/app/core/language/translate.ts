import { loadTranslations, ɵcomputeMsgId } from '@angular/localize';

import { BASE } from '../base';
import { tellByCode } from '../http/problem';
import { language, speakEnglish } from './language';

/** How long the page waits for its language before it starts in English. */
const PATIENCE = 8_000;

interface Translation {
  /** By the English text. */
  readonly texts: Readonly<Record<string, string>>;
  /** What is said of an error, by its code. */
  readonly errors: Readonly<Record<string, string>>;
}

/**
 * Loads what the page says in its language, before anything of it is shown. Where that does not come the page
 * is in English: to be read is worth more than to be read in one's own language.
 */
export async function translate(): Promise<void> {
  try {
    const answer = await fetch(`${BASE}/locale/${language()}.json`, {
      signal: AbortSignal.timeout(PATIENCE),
    });
    const { texts, errors } = (await answer.json()) as Translation;
    loadTranslations(
      Object.fromEntries(Object.entries(texts).map(([english, text]) => [ɵcomputeMsgId(english), text])),
    );
    tellByCode(errors);
  } catch {
    speakEnglish();
  }
}
