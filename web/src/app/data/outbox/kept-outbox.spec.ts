import 'fake-indexeddb/auto';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { databasesOf } from '../../core/base';
import { entries, outboxOf, waiting, Wire } from '../../testing/outbox';
import { oldDatabase, pendingOf } from '../../testing/old-database';
import type { Outbox } from './outbox';

let wire: Wire;
let people = 0;
let username: string;

const opened = (): Outbox => outboxOf(username, wire);

/** Of the two databases one does not open. */
function broken(which: keyof ReturnType<typeof databasesOf>): void {
  const open = indexedDB.open.bind(indexedDB);
  vi.spyOn(indexedDB, 'open').mockImplementation((name, version) => {
    if (name === databasesOf(username)[which]) throw new DOMException('Internal error.', 'UnknownError');
    return open(name, version);
  });
}

/** The local storage takes nothing. */
const full = () =>
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });

beforeEach(() => {
  wire = new Wire();
  username = `kept${++people}`;
});
afterEach(() => vi.restoreAllMocks());

describe('what waited when an earlier version wrote it', () => {
  const texts = ['a', 'b', 'c'];
  beforeEach(() => oldDatabase(username, pendingOf(...texts)));

  it('is sent once, in order, with its files, and before what is written now', async () => {
    wire.status$.next('offline');
    const box = opened();
    await box.restore();
    expect(waiting(box)).toEqual(texts);
    await box.send({ receiver: 'bob' }, 'd');
    wire.status$.next('online');
    await vi.waitFor(() => expect(waiting(box)).toEqual([]));
    expect(wire.sent).toEqual([...texts, 'd']);
    expect(wire.attached).toEqual(texts.map((text) => [text]));
    const after = opened();
    await after.restore();
    expect(waiting(after)).toEqual([]);
  });

  it('is stored once, in order, where two tabs open at once', async () => {
    const tabs = [opened(), opened()];
    await Promise.all(tabs.map((tab) => tab.restore()));
    await vi.waitFor(() => expect(tabs.map(waiting)).toEqual([[], []]));
    expect(wire.stored).toEqual(texts);
  });

  it('is sent from where it was while the new place takes nothing, and is not back afterwards', async () => {
    broken('outbox');
    const box = opened();
    await box.restore();
    await vi.waitFor(() => expect(wire.stored).toEqual(texts));
    await vi.waitFor(() => expect(waiting(box)).toEqual([]));
    vi.restoreAllMocks();
    const after = opened();
    await after.restore();
    expect(waiting(after)).toEqual([]);
    expect(wire.sent).toEqual(texts);
  });
});

describe('of the two databases', () => {
  it('that of the outbox keeps and sends while the other one is broken', async () => {
    broken('cache');
    wire.status$.next('offline');
    const before = opened();
    for (const text of ['a', 'b']) await before.send({ receiver: 'bob' }, text);
    await vi.waitFor(() => expect(Object.keys(localStorage).join()).not.toContain(username));
    expect(before.unkept().size).toBe(0);
    const after = opened();
    await after.restore();
    expect(waiting(after)).toEqual(['a', 'b']);
    wire.status$.next('online');
    await vi.waitFor(() => expect(waiting(after)).toEqual([]));
    expect(wire.stored).toEqual(['a', 'b']);
  });

  it('that of the outbox is missed by nobody while the journal keeps what was written', async () => {
    broken('outbox');
    wire.status$.next('offline');
    const before = opened();
    await before.send({ receiver: 'bob' }, 'a');
    expect(before.unkept().size).toBe(0);
    const after = opened();
    await after.restore();
    expect(waiting(after)).toEqual(['a']);
  });

  it('that of the outbox is missed where nothing else keeps it, at the message; it is sent all the same', async () => {
    broken('outbox');
    full();
    wire.status$.next('offline');
    const box = opened();
    await box.send({ receiver: 'bob' }, 'a');
    await vi.waitFor(() => expect([...box.unkept()]).toEqual(entries(box).map(({ clientId }) => clientId)));
    expect(waiting(box)).toEqual(['a']);
    wire.status$.next('online');
    await vi.waitFor(() => expect(waiting(box)).toEqual([]));
    await vi.waitFor(() => expect(box.unkept().size).toBe(0));
    expect(wire.stored).toEqual(['a']);
  });
});
