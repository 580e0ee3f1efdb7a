import { language, locale } from './language';

/** “1,200”, “1.200” or “1 200”. */
export function number(value: number, options?: Intl.NumberFormatOptions): string {
  const small = !options && Number.isInteger(value) && value >= 0 && value < 1_000;
  return small ? String(value) : value.toLocaleString(locale(), options);
}

/** Rules cost more to make than to ask, and a list asks once a row. */
let rules: Intl.PluralRules | undefined;

/**
 * What is said of a count. The message has a form for each kind of count that its language tells apart, `#` in
 * it stands for the number: `{count, plural, one {# member} other {# members}}` (as ICU MessageFormat writes
 * it).
 */
export function plural(count: number, message: string): string {
  const forms = new Map<string, string>();
  for (const [, kind, form] of message.matchAll(/(\w+) \{([^{}]*)\}/g)) forms.set(kind!, form!);
  const kind = (rules ??= new Intl.PluralRules(language())).select(count);
  return (forms.get(kind) ?? forms.get('other') ?? message).replace('#', number(count));
}
