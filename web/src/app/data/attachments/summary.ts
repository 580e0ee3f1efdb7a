import { oneLine } from '../../core/format/text';
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
  if (files.length > 1) return `${files.length} ${files.every(isPicture) ? 'photos' : 'files'}`;
  const [file] = files;
  if (!file) return '';
  return isPicture(file) ? 'Photo' : isVoice(file) ? 'Voice message' : file.name;
}

/** A message on one line: its text, or what it carries where it has none. */
export function summary({ text, attachments }: Said): string {
  return oneLine(text) || carried(attachments);
}
