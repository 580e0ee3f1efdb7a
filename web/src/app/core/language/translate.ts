import { loadTranslations, ɵcomputeMsgId } from '@angular/localize';

import { adopt } from '../adopt';
import rightToLeft from './rtl.css' with { loader: 'text' };

/** How long the page waits for its language. */
const PATIENCE = 8_000;

interface Translation {
  /** By the English text. */
  readonly texts: Readonly<Record<string, string>>;
  /** What is said of an error, by its code. */
  readonly errors: Readonly<Record<string, string>>;
}

/**
 * Loads what the page says in its language, before anything of it is shown; gives what is said of errors. It
 * fails where the translation does not come.
 */
export async function translate(path: string): Promise<Translation['errors']> {
  const answer = await fetch(path, { signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  const { texts, errors } = (await answer.json()) as Translation;
  loadTranslations(
    Object.fromEntries(Object.entries(texts).map(([english, text]) => [ɵcomputeMsgId(english), text])),
  );
  if (document.dir === 'rtl') adopt(rightToLeft);
  return errors;
}
