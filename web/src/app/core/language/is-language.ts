/**
 * Whether `Intl` takes this language. A system without one is called “C” by WebKitGTK, or `en-US@posix` by
 * Chromium, and `Intl` throws at both.
 */
export function isLanguage(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
}
