import { LinkifyIt } from 'linkify-it';

/** A link in a text: what lies between two places, and where it leads. */
export interface Link {
  readonly from: number;
  readonly to: number;
  readonly href: string;
  /** As it was written `[label](address)`. */
  readonly label?: string;
  /** Where it leads, if what one reads may name another. */
  readonly host?: string;
}

/** More would be thousands of elements in one message; the text beyond stays as it was written. */
const MOST_LINKS = 60;
/**
 * What begins like a link and is none costs time, with a scheme the most. A text is given up after so much of
 * it.
 */
const PATIENCE = 500;
const FALSE_SCHEME = 10;
const FALSE_HOST = 1;
/** A link without a scheme has no longer path. */
const LONGEST_BARE = 2_048;

/**
 * Endings of host names in everyday use, besides those of countries and the old ones, which the library
 * knows.
 */
const MORE =
  'app art blog chat cloud club dev email live media news online page shop site social store tech wiki world xyz'.split(
    ' ',
  );
/** Endings of countries that are those of files, too: `main.rs` is no host, `docs.rs/serde` is. */
const FILE = /\.(?:cc|mk|ml|md|pl|ps|py|rs|sh|so)$/i;
/** A sentence that begins without a space after the one before: `done.It was`. */
const SENTENCE = /\.\p{Lu}\p{Ll}+$/u;

const linkify = new LinkifyIt({ fuzzyLink: true, fuzzyEmail: false, maxLength: 16_384 }).tlds(MORE, true);

/**
 * Where an address ends for certain: at code, and at what turns the direction of writing and so hides where
 * it leads.
 */
const BOUNDARY = /[`\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

// Chinese and Japanese have no spaces: what stands beside a host's name there is not part of it.
const LETTER = '[[\\p{L}\\p{N}]--[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}]]';
const LABEL = `${LETTER}[${LETTER}\\p{M}\\-]{0,62}`;
const HOST = `(?:${LABEL}\\.){1,10}${LABEL}`;
/** Behind it one is inside a name such as `snake_case`; without a letter before it, it is a mark. */
const WITHIN = '[\\p{L}\\p{N}]_';
/**
 * Where a link may begin: at a scheme, at a mail address, at a name with dots. The library says what is one
 * and where it ends. Its own search would take half a second for a hostile text; this looks at each character
 * a few times.
 */
const BEGINNING = new RegExp(
  `(?<!${WITHIN}|${LETTER})(?:(?<scheme>https?:)(?=//)|(?<mailto>mailto:))` +
    `|(?<!${WITHIN}|[${LETTER}\\p{M}.%+@\\/:=&?#\\-])` +
    `(?:(?<mail>[a-z\\d][a-z\\d_.%+\\-]{0,63}@${HOST})` +
    `|(?<host>${HOST})(?!_[\\p{L}\\p{N}]|[${LETTER}\\p{M}@\\-]))`,
  'giv',
);

/** The web and mail addresses in a text, as people write them. */
export function findLinks(text: string): Link[] {
  const found: Link[] = [];
  let patience = PATIENCE;
  let offset = 0;
  for (const part of text.split(BOUNDARY)) {
    BEGINNING.lastIndex = 0;
    for (let match = BEGINNING.exec(part); match; match = BEGINNING.exec(part)) {
      if (found.length === MOST_LINKS || patience <= 0) return found;
      const { index } = match;
      const groups = match.groups as Groups;
      const to = endOf(part, index, groups);
      const href = to > index ? hrefOf(part.slice(index, to), groups) : null;
      if (href) {
        const link = labelled(part, named({ from: index, to, href }, part.slice(index, to)));
        // What is a link by itself may be the label of this one.
        while (found.length > 0 && found.at(-1)!.from >= offset + link.from) found.pop();
        found.push({ ...link, from: offset + link.from, to: offset + link.to });
        BEGINNING.lastIndex = link.to;
      } else patience -= groups['host'] ? FALSE_HOST : FALSE_SCHEME;
    }
    offset += part.length + 1;
  }
  return found;
}

/** Alphabets with letters that look like those of another one. */
const ALPHABETS = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u, /\p{Script=Armenian}/u];

/** The link with its host as computers write it, if that has letters of two alphabets. */
function named(link: Link, written: string): Link {
  const host = /^(?:https?:\/\/)?([^/?#]*)/i.exec(written)?.[1] ?? '';
  const mixed = ALPHABETS.filter((alphabet) => alphabet.test(host)).length > 1;
  return mixed && !link.href.startsWith('mailto:') ? { ...link, host: hostOf(link.href) } : link;
}

const LONGEST_LABEL = 200;
/** Letters, numbers and what stands between the words of a sentence: no host, whatever it looks like. */
const WORDS = /^[\p{L}\p{N}\p{M}\s,!?'’"“”()&+-]+$/u;

/** The link with its label, if it stands in round brackets behind one in square brackets. */
function labelled(text: string, link: Link): Link {
  const { from, to, href } = link;
  if (!text.startsWith('](', from - 2) || text[to] !== ')') return link;
  const before = text.slice(Math.max(from - 2 - LONGEST_LABEL, 0), from - 2);
  const label = before.slice(before.lastIndexOf('[') + 1);
  if (label.length === before.length || !label.trim() || /[\]\n]/.test(label)) return link;
  const host = hostOf(href);
  const agrees = WORDS.test(label) || hostOf(label) === host || hostOf(`https://${label}`) === host;
  return { ...link, from: from - 3 - label.length, to: to + 1, label, ...(agrees ? {} : { host }) };
}

/** The host of a web address, the whole of a mail address. */
function hostOf(href: string): string {
  const url = URL.canParse(href) ? new URL(href) : null;
  return url?.hostname || (url?.pathname ?? '');
}

type Groups = Record<'scheme' | 'mailto' | 'mail' | 'host', string | undefined>;

/** Where the link ends that begins here; here where it is none. */
function endOf(text: string, index: number, { scheme, mailto, mail, host }: Groups): number {
  const head = (scheme ?? mailto ?? '').length;
  let length = 0;
  if (host) length = bareLength(text, index, host);
  else if (mail) length = isMail(mail) ? mail.length : 0;
  else length = schemeLength(text, scheme ? 'http:' : 'mailto:', index, index + head);
  return length === 0 ? index : withoutMarks(text, index, index + head + length);
}

/** A host is none with the mark at its end that closes one before it, as in `_https://a.example_`. */
function schemeLength(text: string, schema: string, index: number, from: number): number {
  const length = linkify.testSchemaAt(text, schema, from);
  const close = length === 0 && text.charAt(index - 1) === '_' ? text.indexOf('_', index) : -1;
  return close < 0 ? length : linkify.testSchemaAt(text.slice(0, close), schema, from);
}

/** Without `mailto:` before it, an address ends with letters behind a dot. */
function isMail(mail: string): boolean {
  return (
    /\.(?:\p{L}{2,}|xn--[\w-]+)$/u.test(mail) && linkify.testSchemaAt(mail, 'mailto:', 0) === mail.length
  );
}

function bareLength(text: string, index: number, host: string): number {
  const www = /^www\./i.test(host);
  if (!www && linkify.match(host)?.[0]?.raw !== host) return 0;
  const goesOn = /[/?#:]/.test(text.charAt(index + host.length));
  const whole = `//${text.slice(index, index + LONGEST_BARE)}`;
  const length = goesOn ? Math.max(linkify.testSchemaAt(whole, 'http:', 0) - '//'.length, 0) : host.length;
  const alone = length <= host.length && !www;
  return alone && (FILE.test(host) || SENTENCE.test(host)) ? 0 : length;
}

/** Marks at the end are not its own if they close some before it, as in `*see https://a.example*`. */
function withoutMarks(text: string, from: number, to: number): number {
  const line = text.slice(Math.max(text.lastIndexOf('\n', from) + 1, from - LONGEST_BARE), from);
  const open = new Set(['*', '_', '~'].filter((mark) => line.split(mark).length % 2 === 0));
  while (to > from && open.delete(text.charAt(to - 1))) to--;
  return to;
}

function hrefOf(text: string, { mail, host }: Groups): string | null {
  const href = host ? `https://${text}` : mail ? `mailto:${text}` : text;
  return URL.canParse(href) ? href : null;
}
