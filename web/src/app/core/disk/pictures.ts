import type { Message } from '../../protocol/protocol';

/** Where small pictures of one person are kept, if the browser can keep some. */
export async function openPictures(name: string): Promise<Cache | undefined> {
  // There in a secure context only: over https, or on this machine. Whoever blocks all cookies forbids it,
  // too.
  try {
    return await (globalThis as { caches?: CacheStorage }).caches?.open(name);
  } catch {
    return undefined;
  }
}

export async function forgetPictures(name: string): Promise<void> {
  try {
    await (globalThis as { caches?: CacheStorage }).caches?.delete(name);
  } catch {
    // Where it is forbidden there are none.
  }
}

export function picturesOf(messages: readonly Message[]): string[] {
  return messages.flatMap(({ attachments = [] }) =>
    attachments.flatMap(({ thumbnailUrl }) => thumbnailUrl ?? []),
  );
}

/** The addresses of a picture of a person or group: that of 512 pixels, and the small one. */
export function sizesOf(pictureUrl: string): [large: string, small: string] {
  return [pictureUrl, `${pictureUrl}&size=96`];
}
