import { language, locale } from './language';

/** “1,200”, “1.200” or “1 200”. */
export function number(value: number, options?: Intl.NumberFormatOptions): string {
  return value.toLocaleString(locale(), options);
}

/**
 * What is said of a count. The message has a form for each kind of count that its language tells apart, `#` in
 * it stands for the number: `{count, plural, one {# member} other {# members}}` (as ICU MessageFormat writes
 * it).
 */
export function plural(count: number, message: string): string {
  const forms = new Map<string, string>();
  for (const [, kind, form] of message.matchAll(/(\w+) \{([^{}]*)\}/g)) forms.set(kind!, form!);
  const kind = new Intl.PluralRules(language()).select(count);
  return (forms.get(kind) ?? forms.get('other') ?? message).replace('#', number(count));
}
