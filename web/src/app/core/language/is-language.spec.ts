import { describe, expect, it } from 'vitest';

import { isLanguage } from './is-language';
import { countsToTwelve } from '../format/twelve';

describe('the languages of browsers', () => {
  it('may be none that Intl takes', () => {
    expect(['en', 'en-AU', 'zh-Hant-TW'].every(isLanguage)).toBe(true);
    expect(['', 'C', 'en-US@posix', 'de_DE.UTF-8'].some(isLanguage)).toBe(false);
  });

  it('count to twenty-four where they are none', () => {
    for (const language of ['C', 'en-US@posix']) expect(countsToTwelve(language)).toBe(false);
    expect(countsToTwelve('en')).toBe(true);
  });
});
