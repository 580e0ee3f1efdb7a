import { isPicture } from '../attachments/boxes';
import type { Attachment, Message, SharedKind } from '../../protocol/protocol';

/** Whether a text may have an address of the web; which ones it has is said by who shows them. */
const MAY_LINK = /https?:\/\/|[\p{L}\p{N}]\.\p{L}{2}/iu;

/** The kind of a file, as the server tells them apart. */
export function kindOf(file: Attachment): SharedKind {
  return isPicture(file) || file.type.startsWith('video/') ? 'media' : 'files';
}

/** Whether a message shares something of this kind, as far as that is known without looking for links. */
export function shares({ attachments, text, deletedAt }: Message, kind: SharedKind): boolean {
  if (deletedAt) return false;
  return kind === 'links' ? MAY_LINK.test(text) : (attachments ?? []).some((file) => kindOf(file) === kind);
}
