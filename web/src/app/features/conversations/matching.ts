import { plain } from '../../core/format/text';
import type { Row } from './rows';

/** Rows whose name or username holds the query: first who is called so, then those where a word begins so. */
export function matching(rows: readonly Row[], query: string): Row[] {
  const wanted = plain(query.trim().replace(/^@/, ''));
  if (wanted === '') return [...rows];
  const score = (row: Row) => {
    const names = row.group ? [plain(row.title)] : [plain(row.title), plain(row.username)];
    if (names.includes(wanted)) return 3;
    if (
      names.some(
        (name) => name.split(/[\s._-]/).some((word) => word.startsWith(wanted)) || name.startsWith(wanted),
      )
    )
      return 2;
    return names.some((name) => name.includes(wanted)) ? 1 : 0;
  };
  return rows
    .map((row) => ({ row, score: score(row) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ row }) => row);
}
