import { TestBed } from '@angular/core/testing';
import { provideRouter, Router } from '@angular/router';
import { BehaviorSubject, Subject } from 'rxjs';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Api } from '../../core/api/api';
import { Failure } from '../../core/http/problem';
import { WebSocketService } from '../../core/line/web-socket-service';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { InvitationStore } from '../../data/invitations/invitation-store';
import type { Invitation, Problem } from '../../protocol/protocol';
import { HeldCall, Shown } from '../../testing/pressed';
import { Invitations } from './invitations';

const invitation = (conversationId: string, title = conversationId): Invitation => ({
  conversationId,
  title,
  by: 'Bob-1',
  byName: 'Bob',
  memberCount: 1,
  createdAt: '',
});
const MISSING = new Failure({ code: 'not_found', detail: 'There is no such invitation.' } as Problem);
let called: HeldCall<unknown>;
let socket: { status$: BehaviorSubject<string>; invitation$: Subject<unknown>; online: boolean };
const put = vi.fn();

beforeEach(() => {
  called = new HeldCall();
  put.mockReset();
  socket = { status$: new BehaviorSubject('connecting'), invitation$: new Subject(), online: false };
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      provideRouter([]),
      { provide: Api, useValue: { call: called.call } },
      { provide: WebSocketService, useValue: socket },
      { provide: ConversationStore, useValue: { find: () => undefined, put } },
    ],
  });
  vi.spyOn(TestBed.inject(Router), 'navigate').mockResolvedValue(true);
});

function connect(): void {
  socket.online = true;
  socket.status$.next('online');
}

describe('the invitations', () => {
  it('are read once there is a connection, and at each event, one read at a time', async () => {
    const page = await Shown.of(Invitations);
    expect(called.asked).toEqual([]);
    connect();
    socket.invitation$.next({ conversationId: 'crew' });
    socket.invitation$.next({ conversationId: 'harbour' });
    expect(called.asked).toEqual([['GET', '/api/invitations']]);
    await called.answer({ items: [invitation('old')] });
    expect(called.asked).toHaveLength(2);
    await called.answer({ items: [invitation('crew', 'Night crew')] });
    expect(called.asked).toHaveLength(2);
    expect(await page.text()).toContain('Night crew');
    expect(await page.text()).toContain('Bob (@Bob-1) invites you · 1 member');
    expect(await page.text()).not.toContain('old');
  });

  it('are accepted once, and lead to the group', async () => {
    const page = await Shown.of(Invitations);
    connect();
    await called.answer({ items: [invitation('crew')] });
    await page.text();
    await page.press('Accept');
    await page.press('Accept');
    await page.press('Decline');
    expect(called.asked.slice(1)).toEqual([['POST', '/api/invitations/crew']]);
    await called.answer({ id: 'crew' });
    expect(put).toHaveBeenCalledWith([{ id: 'crew' }]);
    expect(TestBed.inject(Router).navigate).toHaveBeenCalledWith(['/c', 'crew']);
    expect(await page.text()).toBe('You are a member of crew.');
  });

  it('that were taken back are declined without a failure, and not accepted', async () => {
    const page = await Shown.of(Invitations);
    connect();
    await called.answer({ items: [invitation('crew'), invitation('harbour')] });
    await page.text();
    await page.press('Decline');
    await called.refuse(MISSING);
    expect(await page.text()).toContain('is declined');
    expect(await page.text()).not.toContain('no such invitation');
    await called.answer({ items: [invitation('harbour')] });
    await page.press('Accept');
    await called.refuse(MISSING);
    expect(await page.text()).toContain('There is no such invitation.');
    await called.answer({ items: [] });
    expect(await page.text()).not.toContain('Accept');
  });

  it('stay while the list cannot be read', async () => {
    connect();
    const store = TestBed.inject(InvitationStore);
    const seen: number[] = [];
    store.waiting$.subscribe(({ length }) => seen.push(length));
    await called.answer({ items: [invitation('crew')] });
    socket.invitation$.next({});
    await called.refuse(new Failure(null));
    expect(seen).toEqual([0, 1]);
  });
});
