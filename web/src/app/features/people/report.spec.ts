import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, it } from 'vitest';

import { Api } from '../../core/api/api';
import { Failure } from '../../core/http/problem';
import type { Message, Problem } from '../../protocol/protocol';
import { HeldCall, Shown } from '../../testing/pressed';
import { Report } from './report';

const message = { id: 'm1', conversationId: 'c1', sender: 'Eve' } as Message;
let called: HeldCall<void>;

beforeEach(() => {
  called = new HeldCall();
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({ providers: [{ provide: Api, useValue: { call: called.call } }] });
});

describe('a report', () => {
  it('of a message shows it to the admins only if one says so', async () => {
    const report = await Shown.of(Report, { username: 'Eve', message });
    expect(await report.text()).toContain('@Eve is not told');
    await report.submit();
    await called.refuse(new Failure({ code: 'rate_limited', detail: 'Too many.' } as Problem));
    expect(await report.text()).toContain('Too many.');
    await report.press('Show the admins this message');
    await report.submit();
    await called.answer();
    const about = { conversationId: 'c1', messageId: 'm1' };
    expect(called.asked).toEqual([
      ['POST', '/api/reports', { ...about, context: false }],
      ['POST', '/api/reports', { ...about, context: true }],
    ]);
    expect(await report.text()).toContain('Thank you.');
  });

  it('of a person has the reason, and no message to show', async () => {
    const report = await Shown.of(Report, { username: 'Eve' });
    expect(await report.text()).not.toContain('Show the admins');
    await report.submit();
    await report.submit();
    expect(called.asked).toEqual([['POST', '/api/reports', { username: 'Eve' }]]);
  });
});
