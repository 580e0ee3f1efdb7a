import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, it } from 'vitest';

import { Api } from '../../core/api/api';
import { AuthService } from '../../core/session/auth-service';
import { Faces } from '../../data/people/faces';
import type { AdminUser, AuditEntry, Page } from '../../protocol/protocol';
import { HeldCall, Shown } from '../../testing/pressed';
import { Audit } from './audit';
import { People } from './people';
import { Person } from './person';

const person = (username: string, rest: Partial<AdminUser> = {}): AdminUser => ({
  username,
  displayName: username,
  createdAt: '',
  role: 'member',
  verified: true,
  disabled: false,
  sessions: 0,
  ...rest,
});

let called: HeldCall<unknown>;

beforeEach(() => {
  called = new HeldCall();
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      { provide: Api, useValue: { call: called.call } },
      { provide: AuthService, useValue: { user: { username: 'Root' } } },
      { provide: Faces, useValue: { know: () => undefined } },
    ],
  });
});

describe('people, as an admin sees them', () => {
  it('are those who were looked for last', async () => {
    const list = await Shown.of(People);
    await list.fill('person', 'ann');
    const page = (username: string): Page<AdminUser> => ({ items: [person(username)] });
    await called.answer(page('everybody'));
    await called.answer(page('ann'));
    expect(called.asked.map(([, path]) => path)).toEqual(['/admin/users?query=', '/admin/users?query=ann']);
    expect(await list.text()).toContain('@ann');
    expect(await list.text()).not.toContain('everybody');
  });

  it('have marks for what is not as usual', async () => {
    const list = await Shown.of(People);
    await called.answer({
      items: [
        person('ann', { role: 'admin', disabled: true, verified: false }),
        person('bob', { deleted: true }),
      ],
    });
    const text = await list.text();
    for (const mark of ['Admin', 'Shut out', 'Not verified', 'Deleted']) expect(text).toContain(mark);
  });

  it('are not changed by themselves, nor once they are deleted', async () => {
    for (const one of [person('root'), person('bob', { deleted: true })]) {
      const shown = await Shown.of(Person, { person: one });
      expect(await shown.text()).not.toContain('Shut out');
    }
  });
});

describe('the log', () => {
  it('is told in words, and names what it has no words for', async () => {
    const entry = (number: number, action: string, by?: string): AuditEntry =>
      ({ number, action, at: '2026-10-01T10:00:00Z', username: 'ann', ...(by && { by }) }) as AuditEntry;
    const invite = { ...entry(3, 'invite_removed', 'root'), username: undefined, details: 'AbC123' };
    const log = await Shown.of(Audit);
    await called.answer({
      items: [entry(2, 'user_disabled', 'root'), entry(1, 'something_new'), invite],
      next: 'x',
    });
    expect(await log.text()).toContain('@root shut out @ann');
    expect(await log.text()).toContain('The command line: something_new @ann');
    expect(await log.text()).toContain('@root took the invite AbC123… back');
    await log.press('Show more');
    await called.answer({ items: [entry(0, 'admin_added')] });
    expect(await log.text()).toContain('The command line made @ann an admin');
  });
});
