import 'fake-indexeddb/auto';

import { TestBed } from '@angular/core/testing';
import { openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { message } from '../../testing/conversation';
import { oldDatabase, pendingOf } from '../../testing/old-database';
import { databasesOf } from '../base';
import { AuthService } from '../session/auth-service';
import { Database } from './database';
import { KeptMessages } from './kept-messages';
import { OutboxDatabase } from './outbox-database';
import type { Pending } from './outbox-schema';

let people = 0;
let username: string;

/** That of a page that was opened just now; those of earlier pages live on, as in other tabs. */
function page(): { cache: Database; outbox: OutboxDatabase } {
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({ providers: [{ provide: AuthService, useValue: { user: { username } } }] });
  return { cache: TestBed.inject(Database), outbox: TestBed.inject(OutboxDatabase) };
}

/** What waits as a later page finds it, and whether it has to look into the old place. */
async function found(): Promise<[texts: string[] | undefined, old: number]> {
  const { cache, outbox } = page();
  expect(await outbox.move()).toEqual([]);
  await vi.waitFor(async () => expect(await cache.oldOutbox()).toEqual([]));
  return [(await outbox.all())?.map(({ text }) => text), (await cache.oldOutbox()).length];
}

const [a, b, c, d] = pendingOf('a', 'b', 'c', 'd') as [Pending, Pending, Pending, Pending];
const never = () => new Promise<never>(() => undefined);

/** Writing the n-th message of an outbox goes wrong. */
function failAt(times: number, error: Error): void {
  const put = IDBObjectStore.prototype.put;
  let count = 0;
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
    this: IDBObjectStore,
    ...parameters
  ) {
    if (this.name === 'pending' && ++count >= times) throw error;
    return put.apply(this, parameters);
  });
}

beforeEach(() => (username = `moves${++people}`));
afterEach(() => vi.restoreAllMocks());

describe('what waited when the outbox was in the other database', () => {
  beforeEach(() => oldDatabase(username, [a, b, c]));

  it('is moved once, with its files, and the rest stays where it is', async () => {
    const { cache, outbox } = page();
    expect(await outbox.move()).toEqual([]);
    expect(await outbox.all()).toEqual([a, b, c]);
    expect(await cache.cursor()).toBe('a cursor');
    await vi.waitFor(async () => expect(await cache.oldOutbox()).toEqual([]));
    await outbox.remove(a.clientId);
    expect(await found()).toEqual([['b', 'c'], 0]);
  });

  it('is moved by the next page where one dies before it was read', async () => {
    const { cache, outbox } = page();
    vi.spyOn(cache, 'oldOutbox').mockImplementation(never);
    void outbox.move();
    await cache.cursor();
    expect(await found()).toEqual([['a', 'b', 'c'], 0]);
  });

  it('is moved by the next page where one dies while it is copied', async () => {
    const { outbox } = page();
    failAt(2, new DOMException('The page is gone.', 'AbortError'));
    expect((await outbox.move()).map(({ text }) => text)).toEqual(['a', 'b', 'c']);
    vi.restoreAllMocks();
    expect(await found()).toEqual([['a', 'b', 'c'], 0]);
  });

  it('is not back where a page dies before it was deleted there, and some of it was sent', async () => {
    const { cache, outbox } = page();
    vi.spyOn(cache, 'forgetOldOutbox').mockImplementation(never);
    await outbox.move();
    await outbox.remove(a.clientId);
    expect(await cache.oldOutbox()).toHaveLength(3);
    expect(await found()).toEqual([['b', 'c'], 0]);
  });

  it('is moved by one of two tabs, and not back where the other one is slow', async () => {
    const [slow, fast] = [page(), page()];
    let goOn: () => void = () => undefined;
    const read = await slow.cache.oldOutbox();
    vi.spyOn(slow.cache, 'oldOutbox').mockReturnValue(new Promise((done) => (goOn = () => done(read))));
    const moving = slow.outbox.move();
    await fast.outbox.move();
    await fast.outbox.remove(b.clientId);
    goOn();
    expect(await moving).toEqual([]);
    expect(await slow.outbox.all()).toEqual([a, c]);
    expect(await found()).toEqual([['a', 'c'], 0]);
  });

  it('is moved at once in two tabs', async () => {
    const tabs = [page(), page()];
    await Promise.all(tabs.map(({ outbox }) => outbox.move()));
    for (const { outbox } of tabs) expect(await outbox.all()).toEqual([a, b, c]);
    expect(await found()).toEqual([['a', 'b', 'c'], 0]);
  });

  it('includes what a page of the earlier version writes until it lets go', async () => {
    const old = await openDB(databasesOf(username).cache, 1, { blocking: () => old.close() });
    const { outbox } = page();
    await old.put('outbox', d);
    await outbox.move();
    expect((await outbox.all())?.at(-1)).toEqual(d);
    await expect(old.put('outbox', d)).rejects.toThrow();
  });

  it('waits there where there is no room, can be discarded, and is moved once there is some', async () => {
    const { cache, outbox } = page();
    failAt(1, new DOMException('full', 'QuotaExceededError'));
    const room = vi.spyOn(cache, 'makeRoom');
    expect(await outbox.move()).toEqual([a, b, c]);
    expect(room).toHaveBeenCalledOnce();
    await outbox.remove(b.clientId);
    expect(await outbox.move()).toEqual([a, c]);
    vi.restoreAllMocks();
    expect(await outbox.move()).toEqual([]);
    expect(await outbox.all()).toEqual([a, c]);
    expect(await found()).toEqual([['a', 'c'], 0]);
  });

  it('is not awaited from a database that does not answer, and comes once it does', async () => {
    const { cache, outbox } = page();
    vi.spyOn(cache, 'oldOutbox').mockRejectedValueOnce(new DOMException('', 'TimeoutError'));
    await outbox.put(d);
    expect(await outbox.move()).toEqual([]);
    expect(await outbox.all()).toEqual([d]);
    expect(await outbox.move()).toEqual([]);
    expect(await outbox.all()).toEqual([a, b, c, d]);
  });

  it('is not put over what the person has tried again meanwhile', async () => {
    const { cache, outbox } = page();
    vi.spyOn(cache, 'oldOutbox').mockRejectedValueOnce(new DOMException('', 'TimeoutError'));
    await outbox.move();
    await outbox.put({ ...a, text: 'once more' });
    await outbox.move();
    expect((await outbox.all())?.map(({ text }) => text)).toEqual(['once more', 'b', 'c']);
  });
});

describe('the outbox', () => {
  it('stays whatever is thrown away of the rest', async () => {
    const { cache, outbox } = page();
    await outbox.put(a);
    const kept = TestBed.inject(KeptMessages);
    await kept.putMessages([message(1, 'bob')]);
    await cache.clear();
    await cache.makeRoom();
    expect(await kept.messages('c', 9, 9)).toEqual([]);
    expect(await outbox.all()).toEqual([a]);
  });

  it('looks once whether there is something to move', async () => {
    const { cache, outbox } = page();
    const looked = vi.spyOn(cache, 'oldOutbox');
    for (let turn = 0; turn < 3; turn++) await outbox.move();
    expect(looked).toHaveBeenCalledOnce();
  });

  it('is another one than what the server has of a person with a similar name', () => {
    const { outbox } = databasesOf('ann');
    for (const name of ['ann.outbox', 'ann-outbox', 'ann_outbox'])
      expect(Object.values(databasesOf(name))).not.toContain(outbox);
  });
});
