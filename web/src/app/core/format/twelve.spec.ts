import { describe, expect, it } from 'vitest';

import { countsToTwelve } from './twelve';

describe('how hours are counted', () => {
  const said = (locale: string) =>
    (new Intl.Locale(locale) as Intl.Locale & { getHourCycles: () => string[] })
      .getHourCycles()[0]
      ?.startsWith('h1');
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  const regions = letters
    .flatMap((first) => letters.map((second) => first + second))
    .filter(
      (region) => region !== 'ZZ' && names.of(region) && new Intl.Locale(`und-${region}`).region === region,
    );

  it.each(['en', 'de', 'fr', 'es', 'pt', 'ar', 'hi', 'zh', 'ja', 'ko', 'ru', 'sw', 'zh-Hant', 'sr-Latn'])(
    'is as Intl says for %s in every region',
    (language) => {
      expect(regions.length).toBeGreaterThan(250);
      expect(
        regions.filter((region) => countsToTwelve(`${language}-${region}`) !== said(`${language}-${region}`)),
      ).toEqual([]);
    },
  );

  it.each(['en', 'de', 'ar', 'es-419', 'en-US-u-hc-h23', 'de-DE-u-hc-h12', 'en-US-posix'])(
    'asks Intl about %s',
    (locale) => {
      expect(countsToTwelve(locale)).toBe(said(locale));
    },
  );

  it('is to twenty-four where the language is none that Intl takes', () => {
    for (const language of ['C', 'en-US@posix']) expect(countsToTwelve(language)).toBe(false);
    expect(countsToTwelve('en')).toBe(true);
  });
});
