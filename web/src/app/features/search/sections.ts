import { UserSet } from '../../core/handle';
import { list } from '../../core/language/list';
import { plural } from '../../core/language/plural';
import type { Acquaintance } from '../../data/people/acquaintances';
import { matching } from '../conversations/matching';
import type { Row } from '../conversations/rows';
import type { FoundMessage } from './found-message';

/** So many are shown of each, until the person wants to see more. */
const SHOWN = { recent: 10, people: 5, groups: 4, others: 4 };

export type SectionName = keyof typeof SHOWN | 'messages';

/** One thing that the arrow keys lead to. Keys are those of a list box: no two are the same. */
export type Option = { readonly key: string } & (
  | { readonly row: Row }
  | { readonly person: Acquaintance }
  | { readonly message: FoundMessage }
  /** The rest of a section, or another try where it failed. */
  | { readonly more: SectionName; readonly label: string }
);

export interface Section {
  readonly name: SectionName;
  readonly heading: string;
  readonly options: readonly Option[];
  /** How many were found. */
  readonly count: number;
  /** An answer is waited for. */
  readonly looking: boolean;
  /** Why it has not all, where that is so. */
  readonly failure: string;
}

function headingOf(name: SectionName): string {
  return {
    recent: $localize`Recent`,
    people: $localize`People`,
    groups: $localize`Groups`,
    others: $localize`More people`,
    messages: $localize`Messages`,
  }[name];
}

/** What one looked at last, and then what is new; not what is open anyway. */
export function recent(rows: readonly Row[], opened: readonly string[], here: string | undefined): Row[] {
  const others = rows.filter(({ link }) => link.join('/') !== here);
  const known = new Map(others.map((row) => [row.key, row]));
  return [...new Set([...opened.flatMap((id) => known.get(id) ?? []), ...others])].slice(0, SHOWN.recent);
}

/** The people and groups of one's list who are called so. */
export function inList(rows: readonly Row[], query: string): { people: Row[]; groups: Row[] } {
  const found = matching(rows, query);
  return { people: found.filter(({ group }) => !group), groups: found.filter(({ group }) => group) };
}

/** People with whom one has no conversation yet. */
export function strangers(people: readonly Acquaintance[], rows: readonly Row[]): Acquaintance[] {
  const known = new UserSet(rows.filter(({ group }) => !group).map(({ username }) => username));
  return people.filter(({ username }) => !known.has(username));
}

export const rowOption = (row: Row): Option => ({ key: row.key, row });
export const personOption = (person: Acquaintance): Option => ({ key: `@${person.username}`, person });
export const messageOption = (message: FoundMessage): Option => ({ key: `message-${message.id}`, message });

/** A section with as much as is to be shown of it; all of it where `all`. */
export function section(
  name: SectionName,
  found: readonly Option[],
  all: boolean,
  { looking = false, failure = '', next = false } = {},
): Section {
  const most = all || name === 'messages' ? found.length : SHOWN[name];
  const rest = found.length - most;
  const more = (label: string): Option => ({ key: `more-${name}`, more: name, label });
  return {
    name,
    heading: headingOf(name),
    options: [
      ...found.slice(0, most),
      ...(failure
        ? [more($localize`Try again`)]
        : next
          ? [more($localize`Older ones`)]
          : rest > 0
            ? [more(plural(rest, $localize`{count, plural, one {# more} other {# more}}`))]
            : []),
    ],
    count: found.length,
    looking,
    failure,
  };
}

/** What is said of how many were found; nothing of what one looked at last. */
function countsOf(name: SectionName, next: boolean): string {
  if (name === 'people') return $localize`{count, plural, one {# person} other {# people}}`;
  if (name === 'groups') return $localize`{count, plural, one {# group} other {# groups}}`;
  if (name !== 'messages') return '';
  return next
    ? $localize`{count, plural, one {the newest # message} other {the newest # messages}}`
    : $localize`{count, plural, one {# message} other {# messages}}`;
}

/** How much was found, once everything has answered. */
export function counted(sections: readonly Section[], next: boolean): string {
  if (sections.some(({ looking }) => looking)) return '';
  const counts = new Map<SectionName, number>();
  for (const { name, count } of sections) {
    const kind = name === 'others' ? 'people' : name;
    counts.set(kind, (counts.get(kind) ?? 0) + count);
  }
  const said = [...counts].map(([name, count]) => (count > 0 ? plural(count, countsOf(name, next)) : ''));
  return list(said.filter(Boolean), 'narrow');
}
