import { afterEach, describe, expect, it, vi } from 'vitest';

import { Attention } from './attention';

/** Locks that tabs share, as the browser keeps them. */
class Locks {
  private readonly held: string[] = [];

  async request(name: string, _: object, work: () => Promise<unknown>): Promise<void> {
    this.held.push(name);
    await work();
    this.held.splice(this.held.indexOf(name), 1);
  }

  query() {
    return Promise.resolve({ held: this.held.map((name) => ({ name })) });
  }
}

function look(here: boolean): void {
  vi.spyOn(document, 'hasFocus').mockReturnValue(here);
  dispatchEvent(new Event(here ? 'focus' : 'blur'));
}

afterEach(() => vi.restoreAllMocks());

describe('attention', () => {
  it('is where a tab is looked at, and in all others of the browser', async () => {
    const locks = new Locks();
    look(true);
    const tab = new Attention(locks as unknown as LockManager);
    expect(tab.here).toBe(true);
    expect((await locks.query()).held).toHaveLength(1);
    look(true);
    expect((await locks.query()).held).toHaveLength(1);
    look(false);
    await vi.waitFor(async () => expect(await tab.anywhere()).toBe(false));
    expect((await locks.query()).held).toEqual([]);
    // Another tab is looked at.
    void locks.request('aldis:looked-at', {}, () => new Promise(() => undefined));
    expect(tab.here).toBe(false);
    expect(await tab.anywhere()).toBe(true);
  });
});
