import { describe, expect, it } from 'vitest';

import { isLanguage } from './is-language';

describe('the languages of browsers', () => {
  it('may be none that Intl takes', () => {
    expect(['en', 'en-AU', 'zh-Hant-TW'].every(isLanguage)).toBe(true);
    expect(['', 'C', 'en-US@posix', 'de_DE.UTF-8'].some(isLanguage)).toBe(false);
  });
});
