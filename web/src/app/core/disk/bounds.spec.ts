import 'fake-indexeddb/auto';

import { beforeEach, describe, expect, it } from 'vitest';

import { conversation, message } from '../../testing/conversation';
import { makeRoom, openedAt, trimMessages, trimPictures } from './bounds';
import { recentlyOpened } from './recently-opened';
import { type Handle, open } from './schema';

let names = 0;
let db: Handle;

async function put(id: string, count: number, opened: number): Promise<void> {
  const tx = db.transaction(['conversations', 'messages', 'spans', 'meta'], 'readwrite');
  void tx.objectStore('conversations').put(conversation({ id }));
  for (let seq = 1; seq <= count; seq++)
    void tx.objectStore('messages').put(message(seq, 'bob', { conversationId: id }));
  void tx.objectStore('spans').put({ conversationId: id, from: 1, whole: true });
  void tx.objectStore('meta').put(String(opened), openedAt(id));
  await tx.done;
}

const all = (id: string) => IDBKeyRange.bound([id, 0], [id, 1_000_000]);

beforeEach(async () => {
  ({ db } = await open(`bounds${++names}`, { blocking: () => db.close(), terminated: () => undefined }));
});

describe('a conversation', () => {
  it('keeps its newest messages, and promises no more', async () => {
    await put('c', 30, 1);
    await put('d', 30, 1);
    expect(await trimMessages(db, 'c', 20)).toEqual({ conversationId: 'c', from: 11 });
    expect((await db.getAllKeys('messages', all('c')))[0]).toEqual(['c', 11]);
    expect(await db.get('spans', 'c')).toEqual({ conversationId: 'c', from: 11, whole: false });
    expect(await db.count('messages', all('d'))).toBe(30);
    expect(await trimMessages(db, 'c', 20)).toBeNull();
  });
});

describe('what was opened', () => {
  it('is known by when it was, the latest first', async () => {
    for (const [id, opened] of Object.entries({ a: 99, b: 300, c: 1_000 })) await put(id, 1, opened);
    expect(await recentlyOpened(db)).toEqual(['c', 'b', 'a']);
  });
});

describe('a full disk', () => {
  it('lets go of what was opened longest ago, and of the rest when it is asked again', async () => {
    for (let number = 0; number < 25; number++) await put(`c${number}`, 210, 100 - number);
    const first = await makeRoom(db);
    expect(first.map(({ conversationId }) => conversationId)).toEqual(
      Array.from({ length: 20 }, (_, index) => `c${24 - index}`),
    );
    expect(await db.count('messages', all('c24'))).toBe(200);
    expect(await db.count('messages', all('c0'))).toBe(210);
    expect((await makeRoom(db)).length).toBe(5);
    expect(await makeRoom(db)).toEqual([]);
  });
});

describe('pictures', () => {
  it('go, those in front first, until the rest is small enough', async () => {
    const held = new Map(['a', 'b', 'c'].map((url) => [url, new Response('', length(40))]));
    const cache = {
      keys: () => Promise.resolve([...held.keys()]),
      matchAll: () => Promise.resolve([...held.values()]),
      delete: (url: string) => Promise.resolve(held.delete(url)),
    };
    await trimPictures(cache as unknown as Cache, 80);
    expect([...held.keys()]).toEqual(['b', 'c']);
    await trimPictures(cache as unknown as Cache, 80);
    expect(held.size).toBe(2);
  });
});

function length(bytes: number): ResponseInit {
  return { headers: { 'content-length': String(bytes) } };
}
