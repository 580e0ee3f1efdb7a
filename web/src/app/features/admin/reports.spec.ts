import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, it } from 'vitest';

import { Api } from '../../core/api/api';
import { Failure } from '../../core/http/problem';
import { AuthService } from '../../core/session/auth-service';
import type { AdminUser, Problem, Report } from '../../protocol/protocol';
import { HeldCall, Shown } from '../../testing/pressed';
import { Reports } from './reports';

const NOW = new Date().toISOString();
const report: Report = {
  id: 'r1',
  by: 'ann',
  username: 'eve',
  conversationId: 'c1',
  messageId: 'm2',
  reason: 'Spam',
  createdAt: NOW,
  context: [
    { id: 'm1', sender: 'ann', text: 'hello', timestamp: NOW, attachments: 0 },
    { id: 'm2', sender: 'eve', text: 'buy this', timestamp: NOW, attachments: 2 },
  ],
};

let called: HeldCall<unknown>;

beforeEach(() => {
  called = new HeldCall();
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      { provide: Api, useValue: { call: called.call } },
      { provide: AuthService, useValue: { user: { username: 'root' } } },
    ],
  });
});

async function opened(one: Report): Promise<Shown> {
  const list = await Shown.of(Reports);
  await called.answer({ items: [one] });
  expect(await list.text()).toContain(`@${one.username}`);
  await list.press('View the report');
  return list;
}

describe('reports', () => {
  it('are told by whom and of what, and read with what was shown', async () => {
    const list = await opened(report);
    const text = await list.text();
    for (const part of [
      'A message by @eve',
      'Spam',
      'reported today by @ann',
      'hello',
      'buy this',
      '2 files',
    ])
      expect(text).toContain(part);
  });

  it('of which nothing was shown say so', async () => {
    const { context: _, ...unshown } = report;
    const list = await opened(unshown);
    expect(await list.text()).toContain('was not shown to the admins');
  });

  it('of a person have no message to remove', async () => {
    const list = await opened({ id: 'r2', by: 'ann', username: 'eve', createdAt: NOW });
    expect(await list.text()).not.toContain('emove the message');
    expect(await list.text()).not.toContain('was not shown');
  });

  it('are dealt with, and not after all', async () => {
    const list = await opened(report);
    await list.press('Mark as dealt with');
    await called.answer({ ...report, resolvedAt: NOW, resolvedBy: 'root' });
    expect(await list.text()).toContain('Dealt with by @root');
    await list.press('Not dealt with after all');
    await called.refuse(new Failure({ code: 'internal', detail: 'It broke.' } as Problem));
    expect(await list.text()).toContain('It broke.');
    expect(called.asked.slice(1).map(([, , body]) => body)).toEqual([
      { resolved: true },
      { resolved: false },
    ]);
  });

  it('lose their message once, also where its sender was faster', async () => {
    const list = await opened(report);
    await list.press('Remove the message');
    expect(called.asked).toHaveLength(1);
    await list.press('Remove it');
    expect(called.asked.at(-1)).toEqual(['DELETE', '/admin/reports/r1/message']);
    await called.refuse(new Failure({ code: 'message_deleted', detail: '' } as Problem));
    expect(await list.text()).toContain('Message removed');
  });

  it('lead to the person', async () => {
    const list = await opened(report);
    await list.press('Manage @eve');
    expect(called.asked.at(-1)).toEqual(['GET', '/admin/users/eve']);
    const eve: AdminUser = {
      username: 'eve',
      displayName: 'Eve',
      createdAt: '',
      role: 'member',
      verified: true,
      disabled: false,
      sessions: 0,
    };
    await called.answer(eve);
    expect(await list.text()).toContain('Shut out');
  });
});
