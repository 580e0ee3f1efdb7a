/** Stands for a name in a sentence, until the template puts the element of the name there. */
export const NAME = '\u2068\u2069';

/** What stands before the name in a sentence, and after it. */
export function around(sentence: string): readonly [before: string, after: string] {
  const [before = '', after = ''] = sentence.split(NAME);
  return [before, after];
}
