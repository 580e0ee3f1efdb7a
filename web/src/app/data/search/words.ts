import { plain } from '../../core/format/text';

/** What separates words; of the scripts without spaces each letter may begin one. */
const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const SPACELESS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** From where to where in a text. */
export type Mark = readonly [from: number, to: number];

/**
 * The words that somebody looks for, as the server understands them: all must occur, the last at least as the
 * beginning of a word, without regard to case and accents.
 */
export class Words {
  private readonly whole: readonly string[];
  private readonly beginning: string;
  /** Of scripts without spaces: found anywhere. */
  private readonly inside: readonly string[];
  /** There is nothing to look for. */
  readonly empty: boolean;

  constructor(query: string) {
    const words = (query.match(WORD) ?? []).map(plain).filter(Boolean);
    const last = words.at(-1) ?? '';
    this.inside = words.filter((word) => SPACELESS.test(word));
    this.beginning = SPACELESS.test(last) ? '' : last;
    this.whole = words.filter((word, index) => !SPACELESS.test(word) && (index < words.length - 1 || !last));
    this.empty = words.length === 0;
  }

  /** Whether a text has all of them. */
  matches(text: string): boolean {
    if (this.empty) return false;
    const folded = plain(text);
    if (!this.inside.every((part) => folded.includes(part))) return false;
    if (this.whole.length === 0 && !this.beginning) return true;
    // Most texts have not even the letters.
    if (![...this.whole, this.beginning].every((word) => folded.includes(word))) return false;
    const words = new Set(folded.match(WORD));
    return (
      this.whole.every((word) => words.has(word)) &&
      (!this.beginning || [...words].some((word) => word.startsWith(this.beginning)))
    );
  }

  /** Where they are in a text. */
  marks(text: string): Mark[] {
    const marks: Mark[] = [];
    for (const { 0: word, index } of text.matchAll(WORD)) {
      const folded = plain(word);
      if (this.whole.includes(folded) || (this.beginning && folded.startsWith(this.beginning)))
        marks.push([index, index + word.length]);
      else if (SPACELESS.test(word)) marks.push(...this.marksInside(word, index));
    }
    return marks;
  }

  /** Letters of these scripts stand for themselves, so their places in the folded word are those in the text. */
  private marksInside(word: string, at: number): Mark[] {
    const folded = plain(word);
    if (folded.length !== word.length) return [];
    return this.inside.flatMap((part) => {
      const found: Mark[] = [];
      for (let from = folded.indexOf(part); from >= 0; from = folded.indexOf(part, from + part.length))
        found.push([at + from, at + from + part.length]);
      return found;
    });
  }
}
