import type { Attachment } from '../../protocol/protocol';
import { playsAs } from './playable';

/** The widest that pictures of a message are shown, and the highest that one alone is, in CSS pixels. */
const WIDEST = 440;
const HIGHEST = 480;
/** No side is smaller, for a finger. */
const SHORTEST = 64;
/** Beyond these, width by height, a picture is cropped. A phone's screenshot stays wide enough to be read. */
const TALLEST = 0.6;
const FLATTEST = 2.5;
/** The place of a film. */
const SCREEN = 16 / 9;
/** From here on a picture fills the bubble, and the time fits on it. */
const FILLS = 240;
/** Pictures of a message that are shown; more are counted on the last. */
const SHOWN = 4;

/** The place of an attachment in its message, known before anything of it is there. */
export interface Box {
  readonly file: Attachment;
  readonly kind: 'picture' | 'video' | 'sound' | 'file';
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
  readonly videos: readonly Box[];
  /** All else, also what sounds. */
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

/** One picture as it is, several as an album; below them films, then other files. */
export function boxesOf(attachments: readonly Attachment[]): Boxes {
  const [first, ...others] = attachments.filter(isPicture);
  const pictures = !first ? [] : others.length > 0 ? album([first, ...others]) : [alone(first)];
  const rest = attachments.filter((file) => !isPicture(file)).map(row);
  const videos = rest.filter(({ kind }) => kind === 'video');
  const files = rest.filter(({ kind }) => kind !== 'video');
  const width = videos.length > 0 || others.length > 0 ? WIDEST : (pictures[0]?.width ?? 0);
  return { pictures, videos, files, ...(width >= FILLS ? { width } : {}) };
}

function row(file: Attachment): Box {
  const kind = playsAs(file) ?? 'file';
  // How large a film is, only its bytes say: they come later, and nothing is to move then.
  return kind === 'video' ? { file, kind, width: WIDEST, ratio: SCREEN } : { file, kind };
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
