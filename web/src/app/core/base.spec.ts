import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** The client as it is in a page under this path. */
async function under<T>(base: string, load: () => Promise<T>): Promise<T> {
  if (base) document.documentElement.dataset['base'] = base;
  else delete document.documentElement.dataset['base'];
  vi.resetModules();
  return load();
}

beforeEach(() => localStorage.clear());
afterEach(() => {
  delete document.documentElement.dataset['base'];
  vi.resetModules();
  vi.unstubAllGlobals();
});

describe('a client under a path of a host', () => {
  it('has names of its own, of which none begins as one of another does', async () => {
    const names: string[] = [];
    for (const base of ['', '/chat', '/chat/a', '/chatter'])
      names.push((await under(base, () => import('./base'))).OWN);
    expect(names[0]).toBe('aldis:');
    for (const one of names) expect(names.filter((other) => other.startsWith(one))).toEqual([one]);
  });

  it('calls the server under the path', async () => {
    const asked: string[] = [];
    vi.stubGlobal('fetch', (path: string) => Promise.resolve(new Response(asked.push(path) ? '{}' : '')));
    for (const base of ['', '/chat'])
      await (await under(base, () => import('./http/request'))).request('GET', '/api/users/me');
    expect(asked).toEqual(['/api/users/me', '/chat/api/users/me']);
  });

  it('leaves what other clients of the host keep as it is', async () => {
    const others = [
      'aldis:session',
      'aldis:draft:ann:@bob',
      'aldis/chatter:unsent:ann:1',
      'aldis/chat/a:theme',
    ];
    for (const key of [...others, 'aldis/chat:draft:ann:@bob', 'aldis/chat:theme'])
      localStorage.setItem(key, 'x');
    const removed: string[] = [];
    vi.stubGlobal('indexedDB', {
      databases: () =>
        Promise.resolve([{ name: 'aldis:ann' }, { name: 'aldis/chat:ann' }, { name: 'aldis/chat/a:ann' }]),
      deleteDatabase: (name: string) => {
        removed.push(name);
        const request = { onsuccess: () => undefined };
        queueMicrotask(() => request.onsuccess());
        return request;
      },
    });
    const { wipe } = await under('/chat', () => import('./session/wipe'));
    await wipe('ann');
    expect(Object.keys(localStorage).sort()).toEqual([...others, 'aldis/chat:theme'].sort());
    expect(removed).toEqual(['aldis/chat:ann', 'aldis/chat:ann:outbox']);
  });
});
