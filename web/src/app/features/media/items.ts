import type { Link } from '../../core/format/links';
import { locale } from '../../core/language/language';
import { kindOf } from '../../data/messages/shared';
import type { Attachment, Message, SharedKind } from '../../protocol/protocol';

/** A file that a message carries. */
export interface SharedFile {
  readonly key: string;
  readonly file: Attachment;
  readonly message: Message;
  readonly time: Date;
}

/** A link in the text of a message. */
export interface SharedLink {
  readonly key: string;
  readonly href: string;
  /** As short as it can be said. */
  readonly title: string;
  /**
   * Where it leads, where the title is not just that: the host of a look-alike in letters that cannot be mistaken.
   */
  readonly host: string;
  /** What was said around it; nothing where it stands alone. */
  readonly text: string;
  readonly message: Message;
  readonly time: Date;
}

/** The files of this kind. */
export function filesOf(messages: readonly Message[], kind: SharedKind): SharedFile[] {
  return messages.flatMap((message) =>
    (message.attachments ?? [])
      .filter((file) => kindOf(file) === kind)
      .map((file) => ({
        key: `${message.id} ${file.id}`,
        file,
        message,
        time: new Date(message.timestamp),
      })),
  );
}

/** Characters of a text before the link. */
const BEFORE = 60;
const LONG = 200;

/** The links of the web in a message; the mail addresses in it are none. */
export function linksOf(message: Message, links: readonly Link[]): SharedLink[] {
  return links
    .filter(({ href }) => /^https?:/i.test(href))
    .map(({ href, from, to }) => {
      const { host, pathname, search, hash } = new URL(href);
      const rest = decoded(pathname + search + hash);
      const short = host.replace(/^www\./, '');
      return {
        key: `${message.id} ${from}`,
        href,
        title: rest === '/' ? short : short + rest,
        host: rest === '/' ? '' : host,
        text: around(message.text, from, to),
        message,
        time: new Date(message.timestamp),
      };
    });
}

/** As people read it; as it is where that would not say the same. */
function decoded(path: string): string {
  try {
    const text = decodeURIComponent(path);
    // Characters that are not seen, or that turn the direction of writing, stay as they are written.
    return /[\p{C}\p{Z}]/u.test(text) ? path : text;
  } catch {
    return path;
  }
}

function around(text: string, from: number, to: number): string {
  if (text.slice(0, from).trim() === '' && text.slice(to).trim() === '') return '';
  // At the beginning of a word, if there is one.
  const cut = Math.max(0, from - BEFORE);
  const start = cut === 0 ? 0 : cut + Math.max(0, text.slice(cut, from).search(/\s/));
  const end = start + LONG;
  const part = text.slice(start, end).toWellFormed().replace(/\s+/g, ' ').trim();
  return `${start > 0 ? '…' : ''}${part}${end < text.length ? '…' : ''}`;
}

/** What was shared in one month. */
export interface Month {
  readonly key: string;
  readonly heading: string;
  readonly files: readonly SharedFile[];
}

/** By the local month, in the order in which they are given. */
export function monthsOf(files: readonly SharedFile[]): Month[] {
  const formatter = new Intl.DateTimeFormat(locale(), { month: 'long', year: 'numeric' });
  const months: { key: string; heading: string; files: SharedFile[] }[] = [];
  for (const file of files) {
    const key = `${file.time.getFullYear()}-${file.time.getMonth() + 1}`;
    const last = months.at(-1);
    if (last?.key === key) last.files.push(file);
    else months.push({ key, heading: formatter.format(file.time), files: [file] });
  }
  return months;
}
