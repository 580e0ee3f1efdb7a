import { TestBed } from '@angular/core/testing';
import { BehaviorSubject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Api } from '../../core/api/api';
import { chatWith } from '../../core/chat-key';
import { Failure } from '../../core/http/problem';
import { type Status, WebSocketService } from '../../core/line/web-socket-service';
import type { Code, Problem } from '../../protocol/protocol';
import { file } from '../../testing/attachment';
import { Files } from './files';
import { PendingAttachments } from './pending-attachments';
import { reason, UploadQueue } from './upload-queue';

const BOB = chatWith('Bob');

/** Requests as a test answers them. */
class Wire {
  static open: Wire[] = [];
  readonly upload: { onprogress?: (sent: { loaded: number; total: number }) => void } = {};
  readonly headers: Record<string, string> = {};
  name = '';
  status = 0;
  response: unknown = null;
  onload = () => undefined;
  onerror = () => undefined;
  onabort = () => undefined;
  onloadend = () => undefined;

  open(_: string, url: string): void {
    this.name = new URL(url, 'http://here').searchParams.get('name')!;
  }

  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }

  send(): void {
    Wire.open.push(this);
  }

  abort(): void {
    Wire.open = Wire.open.filter((wire) => wire !== this);
    this.onabort();
    this.onloadend();
  }

  answer(status: number, response: unknown): void {
    Wire.open = Wire.open.filter((wire) => wire !== this);
    Object.assign(this, { status, response });
    if (status === 0) this.onerror();
    else this.onload();
    this.onloadend();
  }
}

const problem = (code: Code, more: Partial<Problem> = {}): Problem => ({
  code,
  detail: code,
  status: 400,
  title: code,
  type: code,
  retryable: false,
  ...more,
});

describe('uploads', () => {
  let status$: BehaviorSubject<Status>;
  let attached: PendingAttachments;
  let uploads: UploadQueue;
  const attach = (...names: string[]) =>
    attached.add(
      BOB,
      names.map((name) => new File(['x'], name, { type: 'text/plain' })),
    );
  const under = () => Wire.open.map(({ name }) => name);
  const held = () =>
    attached
      .of(BOB)
      .files.map(
        ({ file: { name }, progress, attachment, failure }) =>
          failure?.said ??
          (attachment ? `${name} is there` : progress === undefined ? name : `${name} ${progress}`),
      );
  const keyOf = (name: string) => attached.of(BOB).files.find((one) => one.file.name === name)!.key;
  const settle = () => vi.advanceTimersByTimeAsync(0);

  beforeEach(() => {
    vi.useFakeTimers();
    Wire.open = [];
    vi.stubGlobal('XMLHttpRequest', Wire);
    status$ = new BehaviorSubject<Status>('online');
    TestBed.resetTestingModule();
    TestBed.configureTestingModule({
      providers: [
        { provide: Api, useValue: { authorized: <T>(ask: (token: string) => Promise<T>) => ask('token') } },
        { provide: Files, useValue: { picture: () => Promise.resolve('') } },
        { provide: WebSocketService, useValue: { status$ } },
      ],
    });
    attached = TestBed.inject(PendingAttachments);
    uploads = TestBed.inject(UploadQueue);
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('go three at a time, in order, and tell how far they are', async () => {
    attach('a', 'b', 'c', 'd', 'e');
    await settle();
    expect(under()).toEqual(['a', 'b', 'c']);
    Wire.open[1]!.upload.onprogress!({ loaded: 1, total: 4 });
    expect(held()).toEqual(['a', 'b 0.25', 'c', 'd', 'e']);
    Wire.open[1]!.answer(201, file('b'));
    await settle();
    expect(under()).toEqual(['a', 'c', 'd']);
    expect(held()[1]).toBe('b is there');
  });

  it('end when they are taken back, and make room', async () => {
    attach('a', 'b', 'c', 'd');
    await settle();
    uploads.remove(keyOf('a'));
    await settle();
    expect(under()).toEqual(['b', 'c', 'd']);
    expect(held()).toEqual(['b', 'c', 'd']);
  });

  it('do not begin once they are taken back, while they waited for their turn', async () => {
    attach('a');
    await settle();
    Wire.open[0]!.answer(429, problem('rate_limited', { retryAfter: 1, retryable: true }));
    await settle();
    uploads.remove(keyOf('a'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(under()).toEqual([]);
  });

  it('are given up once nothing moves for half a minute, and make room', async () => {
    attach('a', 'b', 'c', 'd');
    await settle();
    await vi.advanceTimersByTimeAsync(20_000);
    Wire.open[0]!.upload.onprogress!({ loaded: 1, total: 4 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(held().slice(0, 3)).toEqual(['a 0.25', 'No connection.', 'No connection.']);
    expect(under()).toEqual(['a', 'd']);
    await vi.advanceTimersByTimeAsync(19_000);
    expect(under()).toContain('a');
  });

  it('say why they failed, and are tried again', async () => {
    attach('a', 'b');
    await settle();
    Wire.open[0]!.answer(413, problem('too_large'));
    Wire.open[0]!.answer(413, problem('quota_exceeded'));
    await settle();
    expect(held()).toEqual([
      'Larger than this server takes.',
      'Your files have no more room. Delete messages with some.',
    ]);
    uploads.again(keyOf('a'));
    uploads.again(keyOf('b'));
    await settle();
    expect(Wire.open.map(({ name, headers }) => [name, headers['content-type']])).toEqual([
      ['a', 'text/plain'],
      ['b', 'text/plain'],
    ]);
  });

  it('are tried again by themselves once there is a connection', async () => {
    attach('a');
    await settle();
    status$.next('offline');
    Wire.open[0]!.answer(0, null);
    await settle();
    expect(held()).toEqual(['No connection.']);
    status$.next('online');
    await settle();
    expect(under()).toEqual(['a']);
  });

  it('are tried again by themselves, less and less often, where nothing but the upload gets no answer', async () => {
    attach('a');
    await settle();
    for (const pause of [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
      expect(under()).toEqual(['a']);
      await vi.advanceTimersByTimeAsync(30_000);
      expect([under(), held()]).toEqual([[], ['No connection.']]);
      await vi.advanceTimersByTimeAsync(pause - 1);
      expect(under()).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
    }
    Wire.open[0]!.answer(201, file('a'));
    await settle();
    expect(held()).toEqual(['a is there']);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(under()).toEqual([]);
  });

  it('are not tried again while there is no connection, after they were taken back, or twice', async () => {
    attach('a', 'b', 'c');
    await settle();
    for (const wire of [...Wire.open]) wire.answer(0, null);
    await settle();
    uploads.remove(keyOf('a'));
    uploads.again(keyOf('b'));
    await settle();
    expect(under()).toEqual(['b']);
    status$.next('offline');
    await vi.advanceTimersByTimeAsync(10_000);
    expect([under(), held()]).toEqual([['b'], ['b', 'No connection.']]);
    status$.next('online');
    await settle();
    expect(under()).toEqual(['b', 'c']);
  });

  it('do not hold a message up any longer once they failed twice while there was a connection', async () => {
    attach('a');
    await settle();
    const told: unknown[] = [];
    const wait = () => void uploads.whole(BOB).then((whole) => told.push(whole && whole.map(({ id }) => id)));
    const fail = async () => {
      Wire.open[0]!.answer(0, null);
      await settle();
    };
    wait();
    await fail();
    expect([told, attached.of(BOB).waiting]).toEqual([[], true]);
    await vi.advanceTimersByTimeAsync(2_000);
    await fail();
    expect([told, attached.of(BOB).waiting]).toEqual([[null], false]);
    // Sent again, it is tried at once, and waited for again.
    wait();
    await settle();
    expect(under()).toEqual(['a']);
    await fail();
    expect(told).toEqual([null]);
    // Without a connection it is waited for however long that takes.
    status$.next('offline');
    await vi.advanceTimersByTimeAsync(100_000);
    uploads.again(keyOf('a'));
    await settle();
    await fail();
    expect([told, attached.of(BOB).waiting]).toEqual([[null], true]);
    status$.next('online');
    await settle();
    Wire.open[0]!.answer(201, file('a'));
    await settle();
    expect(told).toEqual([null, ['a']]);
  });

  it('are not for want of a connection where a proxy refused them', async () => {
    attach('a', 'b');
    await settle();
    Wire.open[0]!.answer(413, null);
    Wire.open[0]!.answer(502, null);
    await settle();
    expect(held()).toEqual(['Larger than this server takes.', 'Something went wrong. Try again.']);
    status$.next('online');
    await settle();
    expect(under()).toEqual([]);
  });

  it('cannot be of what has no bytes, as a folder', async () => {
    const folder = Object.assign(new File([], 'folder'), {
      slice: () => ({ arrayBuffer: () => Promise.reject(new Error('it is none')) }),
    });
    attached.add(BOB, [folder]);
    await settle();
    Wire.open[0]!.answer(0, null);
    await settle();
    expect(attached.of(BOB).files[0]!.failure).toMatchObject({
      said: 'It cannot be read.',
      unreached: false,
    });
  });

  it('wait for their turn where the server asks them to', async () => {
    attach('a');
    await settle();
    Wire.open[0]!.answer(429, problem('rate_limited', { retryAfter: 1, retryable: true }));
    await settle();
    expect(under()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(under()).toEqual(['a']);
  });

  it('are whole once all of them are there, and not where one failed or the person does not wait', async () => {
    attach('a', 'b');
    await settle();
    const told: unknown[] = [];
    const wait = () => void uploads.whole(BOB).then((whole) => told.push(whole && whole.map(({ id }) => id)));
    wait();
    expect(attached.of(BOB).waiting).toBe(true);
    Wire.open[0]!.answer(201, file('a'));
    await settle();
    expect(told).toEqual([]);
    attached.set(BOB, { waiting: false });
    await settle();
    expect(told).toEqual([null]);
    wait();
    Wire.open[0]!.answer(413, problem('quota_exceeded'));
    await settle();
    expect(told).toEqual([null, null]);
    expect(attached.of(BOB).waiting).toBe(false);
    uploads.again(keyOf('b'));
    await settle();
    wait();
    Wire.open[0]!.answer(0, null);
    await settle();
    expect(attached.of(BOB).waiting).toBe(true);
    status$.next('online');
    await settle();
    Wire.open[0]!.answer(201, file('b'));
    await settle();
    expect(told).toEqual([null, null, ['a', 'b']]);
    uploads.clear(BOB);
    expect(held()).toEqual([]);
  });

  it('are ten at most', () => {
    attach(...'abcdefghijkl');
    expect(attached.of(BOB)).toMatchObject({ full: true });
    expect(held()).toHaveLength(10);
    uploads.remove(keyOf('a'));
    expect(attached.of(BOB)).toMatchObject({ full: false });
  });

  it('have the server’s own words for what is rare', () => {
    expect(reason(new Failure(problem('store_unavailable', { detail: 'The disk is full.' })))).toMatchObject({
      said: 'The disk is full.',
      unreached: false,
    });
  });
});
