import type { Attachment } from '../../protocol/protocol';

/** The widest that pictures of a message are shown, and the highest that one alone is, in CSS pixels. */
const WIDEST = 440;
const HIGHEST = 480;
/** No side is smaller, for a finger. */
const SHORTEST = 64;
/** Beyond these, width by height, a picture is cropped. A phone's screenshot stays wide enough to be read. */
const TALLEST = 0.6;
const FLATTEST = 2.5;
/** From here on a picture fills the bubble, and the time fits on it. */
const FILLS = 240;
/** Pictures of a message that are shown; more are counted on the last. */
const SHOWN = 4;

/** The place of an attachment in its message, known before anything of it is there. */
export interface Box {
  readonly file: Attachment;
  readonly kind: 'picture' | 'file';
  /** CSS pixels, where there is room; nothing where the place decides. */
  readonly width?: number;
  /** Width by height. */
  readonly ratio?: number;
  /** It is smaller than its place, and not blown up. */
  readonly small?: boolean;
  /** Pictures that are not shown, beside this last one. */
  readonly more?: number;
}

/** The places of all that a message carries. */
export interface Boxes {
  readonly pictures: readonly Box[];
  readonly files: readonly Box[];
  /** As wide as the bubble then is; nothing where the pictures do not fill it. */
  readonly width?: number;
}

/** Shown as a picture; a picture that the server made no small one of is a file like any other. */
export function isPicture({
  thumbnailUrl,
  width,
  height,
}: Pick<Attachment, 'thumbnailUrl' | 'width' | 'height'>): boolean {
  return Boolean(thumbnailUrl && width && height);
}

/** One picture as it is, several as an album; other files below. */
export function boxesOf(attachments: readonly Attachment[]): Boxes {
  const pictures = attachments.filter(isPicture);
  const files = attachments.filter((file) => !isPicture(file)).map((file): Box => ({ file, kind: 'file' }));
  const [first, ...others] = pictures;
  if (!first) return { pictures: [], files };
  if (others.length > 0) return { pictures: album(pictures), files, width: WIDEST };
  const box = alone(first);
  return { pictures: [box], files, ...(box.width! >= FILLS ? { width: box.width! } : {}) };
}

/** Up to four: whoever looks at one of them finds the others, too. */
function album(pictures: readonly Attachment[]): readonly Box[] {
  const more = pictures.length - SHOWN;
  return pictures.slice(0, SHOWN).map((file, index): Box => ({
    file,
    kind: 'picture',
    ...(more > 0 && index === SHOWN - 1 ? { more } : {}),
  }));
}

/** Never larger than it is, never too small for a finger. */
function alone(file: Attachment): Box {
  const { width = 1, height = 1 } = file;
  const ratio = Math.min(Math.max(width / height, TALLEST), FLATTEST);
  const least = SHORTEST * Math.max(ratio, 1);
  const shown = Math.round(Math.max(least, Math.min(WIDEST, HIGHEST * ratio, width)));
  return { file, kind: 'picture', width: shown, ratio, small: width < shown || height < shown / ratio - 1 };
}
