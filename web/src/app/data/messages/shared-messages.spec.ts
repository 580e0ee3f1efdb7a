import { EnvironmentInjector, runInInjectionContext, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { BehaviorSubject } from 'rxjs';
import { beforeEach, expect, it, vi } from 'vitest';

import { Api } from '../../core/api/api';
import { KeptMessages } from '../../core/disk/kept-messages';
import { Failure } from '../../core/http/problem';
import { WebSocketService } from '../../core/line/web-socket-service';
import type { Attachment, Message, Page, Problem } from '../../protocol/protocol';
import { message } from '../../testing/conversation';
import { MessageStore, type Threads } from './message-store';
import { type SharedMessages, sharedMessages } from './shared-messages';
import { EMPTY } from './thread';

const note: Attachment = { id: 'n', name: 'note', type: 'text/plain', size: 1, url: '/n' };
const withNote = (seq: number, more: Partial<Message> = {}) =>
  message(seq, 'bob', { attachments: [note], ...more });
const seqs = ({ messages }: SharedMessages) => messages().map(({ seq }) => seq);

const status = new BehaviorSubject('online');
let threads: BehaviorSubject<Threads>;
let kept: Message[];
const call = vi.fn<(method: string, path: string) => Promise<Page<Message>>>();
const wanted = signal(true);

function begin(): SharedMessages {
  threads = new BehaviorSubject<Threads>(new Map());
  TestBed.configureTestingModule({
    providers: [
      { provide: Api, useValue: { call } },
      { provide: KeptMessages, useValue: { messages: () => Promise.resolve([...kept]) } },
      { provide: MessageStore, useValue: { threads$: threads } },
      { provide: WebSocketService, useValue: { status$: status } },
    ],
  });
  const shared = runInInjectionContext(TestBed.inject(EnvironmentInjector), () =>
    sharedMessages(signal('c'), 'files', wanted),
  );
  TestBed.tick();
  return shared;
}

beforeEach(() => {
  call.mockReset();
  wanted.set(true);
  kept = [];
});

it('pages are read one after another, past those that are empty, and only once they are wanted', async () => {
  wanted.set(false);
  call.mockResolvedValueOnce({ items: [withNote(9)], next: 'a' });
  const shared = begin();
  expect(call).not.toHaveBeenCalled();
  wanted.set(true);
  TestBed.tick();
  await vi.waitFor(() => expect(seqs(shared)).toEqual([9]));
  expect(shared.more()).toBe(true);
  call.mockResolvedValueOnce({ items: [], next: 'b' }).mockResolvedValueOnce({ items: [withNote(3)] });
  await shared.readOn();
  expect(seqs(shared)).toEqual([9, 3]);
  expect(shared.more()).toBe(false);
  await shared.readOn();
  expect(call.mock.calls.map(([, path]) => path)).toEqual([
    '/api/conversations/c/attachments?kind=files',
    '/api/conversations/c/attachments?kind=files&next=a',
    '/api/conversations/c/attachments?kind=files&next=b',
  ]);
});

it('what is said meanwhile comes, and what is deleted goes', async () => {
  call.mockResolvedValueOnce({ items: [withNote(9), withNote(3)] });
  const shared = begin();
  await vi.waitFor(() => expect(seqs(shared)).toEqual([9, 3]));
  const gone = message(9, 'bob', { attachments: [], deletedAt: '2026-03-28T11:00:00.000Z', changeSeq: 12 });
  const messages = [message(2, 'bob'), gone, message(10, 'bob'), withNote(11)];
  threads.next(new Map([['c', { ...EMPTY, messages }]]));
  expect(seqs(shared)).toEqual([11, 3]);
});

it('without a connection it shows what is kept, and reads anew when that is back', async () => {
  call.mockRejectedValueOnce(new Failure(null));
  kept = [message(1, 'bob'), withNote(2), withNote(4)];
  const shared = begin();
  await vi.waitFor(() => expect(seqs(shared)).toEqual([4, 2]));
  expect([shared.kept(), shared.more(), shared.failure()]).toEqual([true, false, '']);
  call.mockResolvedValueOnce({ items: [withNote(5), withNote(4)], next: 'a' });
  status.next('online');
  await vi.waitFor(() => expect(seqs(shared)).toEqual([5, 4]));
  expect([shared.kept(), shared.more()]).toEqual([false, true]);
});

it('a page that did not come is asked for once more', async () => {
  const refused = { code: 'overloaded', detail: 'Later.', retryable: true } as Problem;
  call.mockRejectedValueOnce(new Failure(refused));
  const shared = begin();
  await vi.waitFor(() => expect(shared.failure()).not.toBe(''));
  expect([shared.begun(), shared.kept()]).toEqual([false, false]);
  call.mockResolvedValueOnce({ items: [withNote(4)] });
  await shared.readOn();
  expect([seqs(shared), shared.failure()]).toEqual([[4], '']);
});
