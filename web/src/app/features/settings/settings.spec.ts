import { TestBed } from '@angular/core/testing';
import { BehaviorSubject, NEVER } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';

import { Api } from '../../core/api/api';
import { Failure } from '../../core/http/problem';
import { AuthService } from '../../core/session/auth-service';
import { Blocks } from '../../data/people/blocks';
import { ProfileSync } from '../../data/people/profile-sync';
import type { Problem, Session } from '../../protocol/protocol';
import { HeldCall, Shown } from '../../testing/pressed';
import { ChangeEmail } from './change-email';
import { ChangePassword } from './change-password';
import { DeleteAccount } from './delete-account';
import { Devices } from './devices';
import { NewToken } from './new-token';
import { Privacy } from './privacy';
import { Profile } from './profile';

const TOO_LONG = new Failure({ code: 'invalid', detail: 'Too long.', field: 'name' } as Problem);
const session = (id: string): Session =>
  ({
    id,
    device: id,
    lastSeenAt: new Date().toISOString(),
    createdAt: '',
    current: false,
  }) as unknown as Session;
let changed: HeldCall<void>;
let unblocked: HeldCall<void>;
let ended: HeldCall<void>;
let called: HeldCall<object | undefined>;
let me: object;
const known: object[] = [];
const over: string[] = [];
let sessions: Session[];

beforeEach(() => {
  [changed, unblocked, ended] = [new HeldCall(), new HeldCall(), new HeldCall()];
  called = new HeldCall();
  known.length = 0;
  sessions = [session('phone'), session('tablet')];
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      {
        provide: AuthService,
        useValue: {
          end: (why: string) => Promise.resolve(void over.push(why)),
          know: (user: object) => Promise.resolve(void known.push(user)),
          user$: new BehaviorSubject({
            username: 'ann',
            displayName: 'Ann',
            createdAt: '',
            hidePresence: false,
          }),
        },
      },
      { provide: ProfileSync, useValue: { change: changed.call } },
      { provide: Blocks, useValue: { unblock: unblocked.call, blocked$: NEVER } },
      {
        provide: Api,
        useValue: {
          blocks: () => Promise.resolve([{ username: 'bob' }, { username: 'cat' }]),
          sessions: () => Promise.resolve([...sessions]),
          endSession: ended.call,
          call: called.call,
          me: () => Promise.resolve(me),
        },
      },
    ],
  });
});

describe('pressed again before the answer', () => {
  it('the profile is saved as it was left, and says so only then', async () => {
    const form = await Shown.of(Profile);
    await form.fill('display-name', 'An');
    await form.submit();
    await form.submit();
    await form.fill('display-name', 'Anne');
    await form.submit();
    await changed.answer();
    expect(changed.asked).toEqual([[{ displayName: 'An' }], [{ displayName: 'Anne' }]]);
    expect(await form.text()).not.toContain('Saved.');
    await changed.answer();
    expect(await form.text()).toContain('Saved.');
  });

  it('a token is made with the name that was typed last, and one only', async () => {
    const made = new HeldCall<string>();
    const form = await Shown.of(NewToken, { make: made.call });
    await form.fill('token', 'A name that is too long');
    await form.submit();
    await form.submit();
    await form.fill('token', 'robot');
    await form.submit();
    await made.refuse(TOO_LONG);
    expect(made.asked).toEqual([[{ name: 'A name that is too long' }], [{ name: 'robot' }]]);
    await form.fill('token', 'robots');
    await form.submit();
    await made.answer('secret');
    expect(made.asked).toHaveLength(2);
  });

  it('a token whose first answer was lost is not made twice, and none for a closed form', async () => {
    for (const how of ['lost', 'closed']) {
      const made = new HeldCall<string>();
      const form = await Shown.of(NewToken, { make: made.call });
      await form.fill('token', 'robot');
      await form.submit();
      await form.fill('token', 'robots');
      await form.submit();
      if (how === 'closed') form.leave();
      await made.refuse(how === 'closed' ? TOO_LONG : new Failure(null));
      expect(made.asked).toHaveLength(1);
    }
  });

  it('who may add one to groups is stored as it was chosen last', async () => {
    const page = await Shown.of(Privacy);
    await page.choose('nobody');
    await page.choose('contacts');
    await page.choose('everybody');
    await changed.answer();
    await changed.answer();
    expect(changed.asked).toEqual([[{ addMe: 'nobody' }], [{ addMe: 'everybody' }]]);
  });

  it('people are let in again one beside the other, each once', async () => {
    const page = await Shown.of(Privacy);
    await page.press('bob');
    await page.press('cat');
    await page.press('bob');
    expect(unblocked.asked).toEqual([['bob'], ['cat']]);
  });

  it('devices are logged out one beside the other, each once', async () => {
    const page = await Shown.of(Devices);
    await page.press('Log out phone');
    await page.press('Log out tablet');
    await page.press('Log out phone');
    expect(ended.asked).toEqual([['phone'], ['tablet']]);
    sessions = [session('tablet')];
    await ended.answer();
    expect(await page.text()).not.toContain('phone');
  });

  it('a device that ended by itself is no failure, though another was logged out beside it', async () => {
    const page = await Shown.of(Devices);
    await page.press('Log out phone');
    await page.press('Log out tablet');
    sessions = [];
    await Promise.all([
      ended.refuse(new Failure({ code: 'not_found', detail: 'No such session.' } as Problem)),
      ended.answer(),
    ]);
    expect(await page.text()).not.toContain('No such session.');
  });
});

describe('a form whose answer was lost', () => {
  const refusal = (code: string, field?: string) =>
    new Failure({ code, detail: code, ...(field && { field }) } as Problem);
  const bodies = () => called.asked.map(([, , body]) => body);

  it('finds that the password was changed by changing it again', async () => {
    const form = await Shown.of(ChangePassword, { username: 'ann' });
    await form.fill('current-password', 'old lamp');
    await form.fill('new-password', 'purple lamp');
    await form.submit();
    await called.refuse(refusal('credentials_invalid'));
    expect(await form.text()).toContain('not your password');
    await form.submit();
    await called.refuse(new Failure(null));
    await form.submit();
    await called.refuse(refusal('credentials_invalid'));
    const change = { password: 'old lamp', newPassword: 'purple lamp' };
    const again = { password: 'purple lamp', newPassword: 'purple lamp' };
    expect(bodies()).toEqual([change, change, change, again]);
  });

  it('says where a new password is refused', async () => {
    const form = await Shown.of(ChangePassword, { username: 'ann' });
    await form.fill('current-password', 'old lamp');
    await form.fill('new-password', 'short');
    await form.submit();
    expect(bodies()).toEqual([]);
    await form.fill('new-password', 'password123');
    await form.submit();
    await called.refuse(refusal('invalid', 'newPassword'));
    expect(await form.text()).toContain('Many people use this password');
  });

  it('finds that the address is the new one', async () => {
    const form = await Shown.of(ChangeEmail);
    await form.fill('email', 'Ann@example.org');
    await form.fill('current-password', 'old lamp');
    await form.submit();
    await called.answer(undefined);
    expect(await form.text()).toContain('Ann@example.org');
    for (const email of ['old@example.org', 'ann@example.org']) {
      me = { username: 'ann', email };
      await form.fill('code', '123456');
      await called.refuse(refusal('otp_invalid'));
    }
    expect(known).toEqual([{ username: 'ann', email: 'ann@example.org' }]);
  });
});

describe('the end of an account', () => {
  it('asks for the password, and for what becomes of the messages', async () => {
    const form = await Shown.of(DeleteAccount, { username: 'ann' });
    await form.submit();
    expect(called.asked).toEqual([]);
    await form.fill('current-password', 'old lamp');
    await form.submit();
    await called.refuse(new Failure({ code: 'credentials_invalid', detail: '' } as Problem));
    expect(await form.text()).toContain('not your password');
    expect(over).toEqual([]);
    await form.choose('delete');
    await form.submit();
    await called.answer(undefined);
    expect(called.asked).toEqual(
      ['keep', 'delete'].map((messages) => ['DELETE', '/auth/account', { password: 'old lamp', messages }]),
    );
    expect(over).toEqual(['deleted']);
  });
});
