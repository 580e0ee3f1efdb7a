/** A character that no text has. */
const GAP = '\uFFFF';

/**
 * What a sentence says before something and after it, where that has an element of its own: a name, which may
 * be written in the other direction, or what is written in bold.
 */
export function around(sentence: (something: string) => string): readonly [before: string, after: string] {
  const [before = '', after = ''] = sentence(GAP).split(GAP);
  return [before, after];
}
