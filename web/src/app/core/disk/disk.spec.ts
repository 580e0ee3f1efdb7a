import 'fake-indexeddb/auto';

import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Disk, type DiskState } from './disk';
import type { Hooks } from './open';

interface Schema extends DBSchema {
  texts: { key: string; value: string };
}

/** A browser whose database does what a test wants of it. */
class Browser {
  name = `disk${++names}`;
  hooks: Hooks | null = null;
  /** What the next attempts to open do instead. */
  readonly faults: ('fail' | 'hang')[] = [];
  opened = 0;
  doubted = 0;
  allowed = true;
  /** So often there is something to let go of. */
  room = 0;
  private release: (() => void)[] = [];

  async open(hooks: Hooks): Promise<{ db: IDBPDatabase<Schema>; created: boolean }> {
    this.opened++;
    this.hooks = hooks;
    const fault = this.faults.shift();
    if (fault === 'fail') throw new DOMException('no', 'UnknownError');
    if (fault === 'hang') await new Promise<void>((go) => this.release.push(go));
    let created = false;
    const upgrade = (db: IDBPDatabase<Schema>) => {
      created = true;
      db.createObjectStore('texts');
    };
    return { db: await openDB<Schema>(this.name, 1, { upgrade }), created };
  }

  goOn(): void {
    for (const go of this.release.splice(0)) go();
  }

  disk(): Disk<Schema> {
    const doubt = () => {
      this.doubted++;
      return Promise.resolve();
    };
    return new Disk<Schema>(
      (hooks) => this.open(hooks),
      doubt,
      () => this.allowed,
      () => Promise.resolve(this.room-- > 0),
    );
  }
}

let names = 0;
let browser: Browser;
let states: DiskState[];

const put = (disk: Disk<Schema>, text: string) => disk.use((db) => db.put('texts', text, 'key'));
const get = (disk: Disk<Schema>) => disk.use((db) => db.get('texts', 'key'), false);
/** With a clock that is faked, and that the database needs, too. */
const until = async (done: () => boolean) => {
  while (!done()) await vi.advanceTimersByTimeAsync(1);
};
const watch = (disk: Disk<Schema>) => disk.state$.subscribe((state) => states.push(state));

beforeEach(() => {
  browser = new Browser();
  states = [];
});
afterEach(() => vi.useRealTimers());

describe('the disk', () => {
  it('writes and reads', async () => {
    const disk = browser.disk();
    await put(disk, 'a');
    expect(await get(disk)).toBe('a');
    expect([browser.opened, browser.doubted]).toEqual([1, 0]);
  });

  it('is opened again, and the work done, where the handle was closed or taken away', async () => {
    const disk = browser.disk();
    await put(disk, 'a');
    await disk.use((db) => Promise.resolve(db.close()));
    await put(disk, 'b');
    browser.hooks!.terminated();
    expect(await get(disk)).toBe('b');
    expect([browser.opened, browser.doubted]).toEqual([3, 0]);
  });

  it('says so where it came back empty, and promises nothing', async () => {
    const disk = browser.disk();
    const back = vi.fn();
    disk.back$.subscribe(back);
    await put(disk, 'a');
    // Cleared, as with the data of a site.
    browser.name = `disk${++names}`;
    browser.hooks!.terminated();
    expect(await get(disk)).toBeUndefined();
    expect(browser.doubted).toBe(1);
    expect(back).toHaveBeenCalledOnce();
  });

  it('does not make up for what goes wrong on a live handle', async () => {
    const disk = browser.disk();
    const full = vi.fn(() => Promise.reject(new DOMException('full', 'QuotaExceededError')));
    await expect(disk.use(full)).rejects.toThrow('full');
    expect(full).toHaveBeenCalledOnce();
    expect(disk.state).toBe('open');
  });

  it('does what a full disk refused once more, where room could be made', async () => {
    const disk = browser.disk();
    browser.room = 1;
    let times = 0;
    const full = () =>
      ++times === 1 ? Promise.reject(new DOMException('', 'QuotaExceededError')) : put(disk, 'a');
    await disk.use(full);
    expect([await get(disk), times, browser.room]).toEqual(['a', 2, 0]);
    // Reading needs no room.
    const reads = () => Promise.reject(new DOMException('', 'QuotaExceededError'));
    browser.room = 1;
    await expect(disk.use(reads, false)).rejects.toThrow();
    expect(browser.room).toBe(1);
  });

  it('is away while it fails to open, is tried again, and lacks what was written meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    browser.faults.push('fail', 'fail');
    const disk = browser.disk();
    const back = vi.fn();
    disk.back$.subscribe(back);
    watch(disk);
    await expect(put(disk, 'a')).rejects.toThrow('no');
    await vi.advanceTimersByTimeAsync(2_000);
    await expect(put(disk, 'b')).rejects.toThrow('no');
    await vi.advanceTimersByTimeAsync(4_000);
    vi.useRealTimers();
    await vi.waitFor(() => expect(back).toHaveBeenCalledOnce());
    expect(await get(disk)).toBeUndefined();
    expect(states).toEqual(['opening', 'away', 'open']);
    expect([browser.opened, browser.doubted]).toEqual([3, 1]);
  });

  it('is waited for two seconds once, and taken when it opens after all', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    browser.faults.push('hang');
    const disk = browser.disk();
    watch(disk);
    const first = put(disk, 'a').catch((error: Error) => error.name);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await first).toBe('TimeoutError');
    // At once.
    await expect(put(disk, 'b')).rejects.toThrow();
    vi.useRealTimers();
    browser.goOn();
    await vi.waitFor(() => expect(disk.state).toBe('open'));
    expect(states).toEqual(['opening', 'away', 'open']);
    expect([browser.opened, browser.doubted]).toEqual([1, 1]);
  });

  it('is away where it is open and says nothing more', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const disk = browser.disk();
    watch(disk);
    await vi.waitFor(() => expect(disk.state).toBe('open'));
    const silent = disk.use(() => new Promise<void>(() => undefined)).catch((error: Error) => error.name);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await silent).toBe('TimeoutError');
    await expect(put(disk, 'b')).rejects.toThrow();
    await vi.advanceTimersByTimeAsync(2_000);
    vi.useRealTimers();
    await vi.waitFor(() => expect(states).toEqual(['opening', 'open', 'away', 'open']));
    expect([browser.opened, browser.doubted]).toEqual([2, 1]);
  });

  it('is not opened again at once where it dies right after its opening, and less and less often', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const disk = browser.disk();
    watch(disk);
    const broken = () => Promise.reject(new DOMException('no', 'UnknownError'));
    // Like the outbox, which writes what the database lacks at each opening.
    const dying = disk.state$.subscribe(
      (state) => state === 'open' && void disk.use(broken).catch(() => undefined),
    );
    await until(() => disk.state === 'away');
    // It can be read, which says nothing of writing.
    const reading = disk.state$.subscribe(
      (state) => state === 'open' && void get(disk).catch(() => undefined),
    );
    const opened: number[] = [];
    for (const pause of [2_000, 4_000, 8_000, 16_000, 32_000]) {
      const before = states.length;
      await vi.advanceTimersByTimeAsync(pause - 100);
      opened.push(browser.opened);
      // Open, and away again.
      await until(() => states.length === before + 2);
    }
    expect(opened).toEqual([1, 2, 3, 4, 5]);
    expect(browser.opened).toBe(6);
    dying.unsubscribe();
    reading.unsubscribe();
    // A write that is done ends that.
    await vi.advanceTimersByTimeAsync(60_000);
    await until(() => disk.state === 'open');
    await put(disk, 'a');
    browser.hooks!.terminated();
    expect(await get(disk)).toBe('a');
    await expect(disk.use(broken)).rejects.toThrow('no');
    await until(() => disk.state === 'away');
    await vi.advanceTimersByTimeAsync(2_000);
    await until(() => disk.state === 'open');
  });

  it('stays closed once the session is over', async () => {
    const disk = browser.disk();
    await put(disk, 'a');
    browser.allowed = false;
    browser.hooks!.blocking();
    await expect(get(disk)).rejects.toThrow('over');
    expect(browser.opened).toBe(1);
  });
});
