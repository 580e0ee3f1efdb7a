/** A stretch of a found text; marked where it is what was looked for. */
export interface Part {
  readonly text: string;
  readonly marked: boolean;
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

function plain(html: string): string {
  return html.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? '');
}

/**
 * What the server found, as text: its HTML has `<mark>` and escaped characters, and is never made HTML of the
 * page.
 */
export function parts(fragment: string): Part[] {
  const pieces = fragment.split(/<mark>(.*?)<\/mark>/s);
  return pieces
    .map((piece, index) => ({ text: plain(piece), marked: index % 2 === 1 }))
    .filter(({ text }) => text !== '');
}
