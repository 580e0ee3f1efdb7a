import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Api } from '../../core/api/api';
import { Failure } from '../../core/http/problem';
import type { Code, Invite, Problem, ServerStats } from '../../protocol/protocol';
import { HeldCall, Shown } from '../../testing/pressed';
import { Figures } from './figures';
import { Invites } from './invites';

const DAY = 86_400_000;
const soon = (days: number) => new Date(Date.now() + days * DAY).toISOString();
const invite = (code: string, rest: Partial<Invite> = {}): Invite => ({
  code,
  url: `/join/${code}`,
  used: 0,
  createdBy: 'root',
  createdAt: soon(0),
  ...rest,
});
const failure = (code: Code) => new Failure({ code, detail: code } as Problem);

let called: HeldCall<unknown>;

beforeEach(() => {
  called = new HeldCall();
  // What the server says of itself is asked without a log-in.
  vi.stubGlobal('fetch', () => Promise.reject(new Error('offline')));
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({ providers: [{ provide: Api, useValue: { call: called.call } }] });
});

describe('invites to the server', () => {
  it('are told with how often they were used, and whether they still are of use', async () => {
    const list = await Shown.of(Invites);
    await called.answer({
      items: [
        invite('AbC123xyz', { uses: 5, used: 2, expiresAt: soon(9) }),
        invite('used-up', { uses: 1, used: 1 }),
        invite('over-now', { expiresAt: soon(-1) }),
      ],
    });
    const text = await list.text();
    for (const part of ['For 5 people', 'AbC123… · 2 have come · made today by @root · until'])
      expect(text).toContain(part);
    // The code itself lets people in.
    expect(text).not.toContain('AbC123xyz');
    for (const part of ['Used up', 'For one person', 'Ended', 'For as many as want to come'])
      expect(text).toContain(part);
  });

  it('are made for so many people and until a time', async () => {
    const list = await Shown.of(Invites);
    await called.answer({ items: [] });
    await list.press('New invite');
    await list.choose('25');
    await list.submit();
    await list.submit();
    expect(called.asked).toHaveLength(2);
    const [method, path, wish] = called.asked[1]!;
    expect([method, path]).toEqual(['POST', '/admin/invites']);
    const { uses, expiresAt } = wish as Partial<Invite>;
    expect(uses).toBe(25);
    expect(Math.round((Date.parse(expiresAt!) - Date.now()) / DAY)).toBe(7);
    await called.refuse(failure('too_many_invitations'));
    expect(await list.text()).toContain('take one back first');
    await list.choose('0');
    await list.submit();
    await called.answer(invite('new'));
    expect(await list.text()).toContain(`${location.origin}/join/new`);
    expect(await list.text()).toContain('nobody has come yet');
  });

  it('are gone once they are taken back, also by another admin', async () => {
    const list = await Shown.of(Invites);
    await called.answer({ items: [invite('AbC123xyz'), invite('DeF456xyz')] });
    for (const [code, refused] of [
      ['AbC123', null],
      ['DeF456', failure('not_found')],
    ] as const) {
      expect(await list.text()).toContain(code);
      await list.press(`Take the invite ${code}… back`);
      await list.press('Take back');
      await (refused ? called.refuse(refused) : called.answer(undefined));
      expect(await list.text()).not.toContain(code);
    }
    expect(called.asked.slice(1).map(([method, path]) => `${method} ${path}`)).toEqual([
      'DELETE /admin/invites/AbC123xyz',
      'DELETE /admin/invites/DeF456xyz',
    ]);
  });
});

describe('the figures', () => {
  it('are told as people count, and looked at again', async () => {
    const figures = await Shown.of(Figures);
    const stats = (people: number): ServerStats => ({
      at: soon(0),
      people,
      verified: 1200,
      disabled: 1,
      conversations: 3,
      messages: 4,
      files: 5,
      fileBytes: 4_200_000,
      sessions: 6,
      sockets: 7,
    });
    await called.answer(stats(1234));
    for (const part of ['1,234', '1,200 verified · 1 shut out', '4.2 MB'])
      expect(await figures.text()).toContain(part);
    await figures.press('Look again');
    await called.answer(stats(1235));
    expect(await figures.text()).toContain('1,235');
  });
});
