import { oneLine } from '../../core/format/text';
import { plural } from '../../core/language/plural';
import type { Attachment } from '../../protocol/protocol';
import { isPicture } from './boxes';
import { isVoice } from './playable';

interface Said {
  readonly text: string;
  readonly attachments?: readonly Attachment[] | undefined;
}

/** What a message carries, or will carry, in a word. */
export function carried(
  files: readonly Pick<Attachment, 'name' | 'type' | 'thumbnailUrl' | 'width' | 'height'>[] = [],
): string {
  const [file, second] = files;
  if (!file) return '';
  if (second)
    return plural(
      files.length,
      files.every(isPicture)
        ? $localize`{count, plural, one {# photo} other {# photos}}`
        : $localize`{count, plural, one {# file} other {# files}}`,
    );
  return isPicture(file) ? $localize`Photo` : isVoice(file) ? $localize`Voice message` : file.name;
}

/** A message on one line: its text, or what it carries where it has none. */
export function summary({ text, attachments }: Said): string {
  return oneLine(text) || carried(attachments);
}
