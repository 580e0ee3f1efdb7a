import 'fake-indexeddb/auto';

import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { OutboxDatabase } from '../../core/disk/outbox-database';
import { Failure } from '../../core/http/problem';
import { entries, outboxOf, problem, waiting, Wire } from '../../testing/outbox';
import type { Outbox } from './outbox';

let wire: Wire;
let people = 0;
let username: string;

const outbox = (prepare?: (database: OutboxDatabase) => void, conversations?: object): Outbox =>
  outboxOf(username, wire, () => prepare?.(TestBed.inject(OutboxDatabase)), conversations);

/** A database that is there, and in which nothing ever comes to an end. */
const silent = (database: OutboxDatabase) => {
  vi.spyOn(database, 'put').mockReturnValue(new Promise(() => undefined));
  vi.spyOn(database, 'remove').mockReturnValue(new Promise(() => undefined));
  vi.spyOn(database, 'all').mockResolvedValue(null);
};

const journal = () => Object.keys(localStorage).filter((key) => key.startsWith(`aldis:unsent:${username}:`));

beforeEach(() => {
  wire = new Wire();
  // Its own database: other suites may share the browser's store.
  username = `outbox${++people}`;
});

/** In place of long texts, which nobody could read in a failure's report. */
const lengths = (texts: string[]) => texts.map((text) => text.length);

describe('the outbox', () => {
  it('sends in order and is empty afterwards', async () => {
    const box = outbox();
    await Promise.all(['a', 'b', 'c'].map((text) => box.send({ receiver: 'bob' }, text)));
    await vi.waitFor(() => expect(waiting(box)).toEqual([]));
    expect(wire.stored).toEqual(['a', 'b', 'c']);
  });

  it('does not hold up others until the conversation is known that a message begins, which stays in sight', async () => {
    let know: () => void = () => undefined;
    const find = vi.fn((): object | undefined => undefined);
    const box = outbox(undefined, { find, fetch: () => new Promise<void>((known) => (know = known)) });
    const told: string[] = [];
    box.stored$.subscribe(({ text }) => told.push(text));
    await box.send({ receiver: 'bob' }, 'a');
    await vi.waitFor(() => expect(wire.sent).toEqual(['a']));
    find.mockReturnValue({});
    void box.send({ receiver: 'cat' }, 'b');
    await vi.waitFor(() => expect(told).toEqual(['b']));
    expect(waiting(box)).toEqual(['a']);
    know();
    await vi.waitFor(() => expect(waiting(box)).toEqual([]));
    expect(told).toEqual(['b', 'a']);
    expect(wire.sent).toEqual(['a', 'b']);
  });

  it('keeps what was written without a connection, over a reload, in order', async () => {
    wire.status$.next('offline');
    const before = outbox();
    for (const text of ['a', 'b', 'c']) await before.send({ receiver: 'bob' }, text);
    const after = outbox();
    await after.restore();
    expect(waiting(after)).toEqual(['a', 'b', 'c']);
    await after.send({ receiver: 'bob' }, 'd');
    wire.status$.next('online');
    await vi.waitFor(() => expect(waiting(after)).toEqual([]));
    expect(wire.stored).toEqual(['a', 'b', 'c', 'd']);
  });

  it('lets nothing overtake a message that is tried again', async () => {
    wire.failures = [new Failure(problem('store_unavailable', true))];
    const box = outbox();
    await Promise.all(['a', 'b'].map((text) => box.send({ receiver: 'bob' }, text)));
    await vi.waitFor(() => expect(waiting(box)).toEqual([]), 3_000);
    expect(wire.stored).toEqual(['a', 'b']);
  });

  it('keeps what a message carries, and sends it by its ids', async () => {
    wire.status$.next('offline');
    const file = { id: 'f1', name: 'crew.pdf', type: 'application/pdf', size: 1, url: '/api/attachments/f1' };
    await outbox().send({ receiver: 'bob' }, '', undefined, [file]);
    const after = outbox();
    await after.restore();
    expect(entries(after).map(({ attachments }) => attachments)).toEqual([[file]]);
    wire.status$.next('online');
    await vi.waitFor(() => expect(wire.attached).toEqual([['f1']]));
  });

  it('sends again when the answer was lost, and the message is stored once', async () => {
    wire.failures = ['lost'];
    const box = outbox();
    await box.send({ receiver: 'bob' }, 'a');
    await vi.waitFor(() => expect(waiting(box)).toEqual([]), 3_000);
    expect(wire.stored).toEqual(['a']);
  });

  it('keeps what was refused for good, goes on with the rest, and tries again when asked', async () => {
    wire.failures = [new Failure(problem('text_too_long', false))];
    const box = outbox();
    await Promise.all(['a', 'b'].map((text) => box.send({ receiver: 'bob' }, text)));
    await vi.waitFor(() => expect(wire.stored).toEqual(['b']));
    await vi.waitFor(() => expect(waiting(box)).toEqual(['a']));
    let clientId = '';
    box.pending$.subscribe(([entry]) => (clientId = entry?.clientId ?? '')).unsubscribe();
    await box.retry(clientId);
    await vi.waitFor(() => expect(waiting(box)).toEqual([]));
    expect(wire.stored).toEqual(['b', 'a']);
  });

  it('does not send what the server would cut the connection over, says so, and goes on with the rest', async () => {
    const box = outbox();
    // As JSON, a line break is twice as long.
    const long = ['y'.repeat(140_000), '\n'.repeat(70_000), '界'.repeat(45_000)];
    await Promise.all([...long, 'second'].map((text) => box.send({ receiver: 'bob' }, text)));
    await vi.waitFor(() => expect(lengths(wire.stored)).toEqual([6]));
    expect(lengths(wire.sent)).toEqual([6]);
    expect(entries(box).map(({ problem }) => problem?.code)).toEqual(long.map(() => 'text_too_long'));
    const after = outbox();
    await after.restore();
    expect(entries(after).map(({ problem }) => problem?.code)).toEqual(long.map(() => 'text_too_long'));
  });

  it('asks the server itself when the person insists: it may be one that takes more', async () => {
    const box = outbox();
    await box.send({ receiver: 'bob' }, 'y'.repeat(140_000));
    await vi.waitFor(() => expect(entries(box)[0]?.problem).toBeDefined());
    await box.retry(entries(box)[0]!.clientId);
    await vi.waitFor(() => expect(lengths(wire.stored)).toEqual([140_000]));
    await vi.waitFor(() => expect(entries(box).length).toBe(0));
  });

  it('gives a message up once the connection was cut three times while it was sent', async () => {
    wire.failures = ['cut', 'cut', 'cut'];
    const box = outbox();
    await Promise.all(['y'.repeat(60_000), 'second'].map((text) => box.send({ receiver: 'bob' }, text)));
    await vi.waitFor(() => expect(lengths(wire.stored)).toEqual([6]));
    expect(lengths(wire.sent)).toEqual([60_000, 60_000, 60_000, 6]);
    expect(entries(box).map(({ problem }) => problem?.code)).toEqual(['text_too_long']);
    // Trying again begins to count anew.
    wire.failures = ['cut', 'cut'];
    await box.retry(entries(box)[0]!.clientId);
    await vi.waitFor(() => expect(lengths(wire.stored)).toEqual([6, 60_000]));
  });

  it('does not give up a long message that the server answered between the cuts', async () => {
    wire.failures = ['cut', 'cut', new Failure(problem('overloaded', true)), 'cut', 'cut'];
    const box = outbox();
    await box.send({ receiver: 'bob' }, 'y'.repeat(60_000));
    await vi.waitFor(() => expect(lengths(wire.stored)).toEqual([60_000]), 3_000);
  });

  it('never gives up a short message: there it is the line', async () => {
    wire.failures = Array.from({ length: 5 }, () => 'cut' as const);
    const box = outbox();
    await box.send({ receiver: 'bob' }, 'a');
    await vi.waitFor(() => expect(wire.stored).toEqual(['a']));
  });

  it('sends whatever becomes of the database, in order', async () => {
    const box = outbox(silent);
    for (const text of ['a', 'b']) void box.send({ receiver: 'bob' }, text);
    void box.restore();
    await vi.waitFor(() => expect(wire.stored).toEqual(['a', 'b']));
    expect(waiting(box)).toEqual([]);
    expect(journal()).toEqual([]);
  });

  it('keeps what was written before the database has it, or the page anything else', async () => {
    wire.status$.next('offline');
    void outbox(silent).send({ receiver: 'bob' }, 'a');
    expect(journal()).toHaveLength(1);
    const after = outbox();
    await after.restore();
    expect(waiting(after)).toEqual(['a']);
    await vi.waitFor(() => expect(journal()).toEqual([]));
    // The database has it now, too.
    const later = outbox();
    await later.restore();
    expect(waiting(later)).toEqual(['a']);
    wire.status$.next('online');
    await vi.waitFor(() => expect(wire.stored).toEqual(['a']));
  });

  it('says of a message that the disk has no room for it, and does not let the page go without a question', async () => {
    wire.status$.next('offline');
    const full = (database: OutboxDatabase) =>
      vi.spyOn(database, 'put').mockRejectedValue(new DOMException('full', 'QuotaExceededError'));
    const listening = vi.spyOn(window, 'addEventListener');
    const box = outbox(full);
    // Its own: other suites have listeners in the same window.
    const ask = listening.mock.calls.find(([name]) => name === 'beforeunload')![1] as (event: Event) => void;
    listening.mockRestore();
    const leaves = () => {
      const event = new Event('beforeunload', { cancelable: true });
      ask(event);
      return !event.defaultPrevented;
    };
    await box.send({ receiver: 'bob' }, 'a');
    await vi.waitFor(() => expect([...box.unkept()]).toEqual(entries(box).map(({ clientId }) => clientId)));
    expect(entries(box)).toHaveLength(1);
    expect(leaves()).toBe(false);
    wire.status$.next('online');
    await vi.waitFor(() => expect(wire.stored).toEqual(['a']));
    await vi.waitFor(() => expect(leaves()).toBe(true));
    await vi.waitFor(() => expect(box.unkept().size).toBe(0));
  });

  it('goes on after something went wrong that nobody thought of', async () => {
    let times = 0;
    const unthought = () =>
      times++ < 2 ? Promise.reject(new Error('of all things')) : Promise.resolve(null);
    const box = outbox((database) => vi.spyOn(database, 'all').mockImplementation(unthought));
    await box.send({ receiver: 'bob' }, 'a');
    await vi.waitFor(() => expect(wire.stored).toEqual(['a']), 3_000);
  });
});
