import type { Attachment } from '../../protocol/protocol';

/** The longest side of a picture that stands alone in a message, and its shortest, in CSS pixels. */
const LONGEST = 320;
const SHORTEST = 64;
/** What is longer than this for its width is shown in part. */
const STEEPEST = 2.5;

/** The place of an attachment in its message, known before anything of it is there. */
export interface Box {
  readonly file: Attachment;
  readonly kind: 'picture' | 'file';
  /** CSS pixels, where there is room; nothing where the place decides. */
  readonly width?: number;
  /** Width by height. */
  readonly ratio?: number;
}

/** Shown as a picture; a picture that the server made no small one of is a file like any other. */
export function isPicture({
  thumbnailUrl,
  width,
  height,
}: Pick<Attachment, 'thumbnailUrl' | 'width' | 'height'>): boolean {
  return Boolean(thumbnailUrl && width && height);
}

/** Pictures first, one as it is and several as squares; then other files. */
export function boxesOf(files: readonly Attachment[]): readonly Box[] {
  const pictures = files.filter(isPicture);
  return [
    ...pictures.map((file): Box => ({
      file,
      kind: 'picture',
      ...(pictures.length > 1 ? { ratio: 1 } : alone(file)),
    })),
    ...files.filter((file) => !isPicture(file)).map((file): Box => ({ file, kind: 'file' })),
  ];
}

/** How many squares stand beside one another. */
export function columnsOf(boxes: readonly Box[]): number {
  const { length } = boxes.filter(({ kind }) => kind === 'picture');
  return length === 2 || length === 4 ? 2 : Math.min(Math.max(length, 1), 3);
}

/** Never larger than it is, never too small for a finger. */
function alone({ width = 1, height = 1 }: Attachment): { width: number; ratio: number } {
  const ratio = Math.min(Math.max(width / height, 1 / STEEPEST), STEEPEST);
  const least = SHORTEST * Math.max(ratio, 1);
  return { width: Math.round(Math.max(least, Math.min(LONGEST, LONGEST * ratio, width))), ratio };
}
