/** So much of a message is quoted, in characters. */
const QUOTED = 500;

/** A draft that begins with what it answers, each line marked, and goes on with what was written before. */
export function quoted(text: string, draft: string): string {
  const characters = [...text];
  const cut = characters.length > QUOTED ? `${characters.slice(0, QUOTED).join('').trimEnd()} …` : text;
  const lines = cut.split('\n').map((line) => `> ${line}`.trimEnd());
  return `${lines.join('\n')}\n${draft}`;
}
