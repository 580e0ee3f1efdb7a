import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { beforeEach, describe, expect, it } from 'vitest';

import { Failure } from '../../core/http/problem';
import { AuthService } from '../../core/session/auth-service';
import { Entrance } from '../../core/session/entrance';
import type { Code, Problem } from '../../protocol/protocol';
import { HeldCall, Shown } from '../../testing/pressed';

const failure = (code: Code, field?: string) =>
  new Failure({ code, detail: code, ...(field && { field }) } as Problem);

let login: HeldCall<void>;
let registered: HeldCall<object>;
let verified: HeldCall<object>;
let forgotten: HeldCall<void>;
let reset: HeldCall<void>;

beforeEach(() => {
  [login, registered, verified] = [new HeldCall(), new HeldCall(), new HeldCall()];
  [forgotten, reset] = [new HeldCall(), new HeldCall()];
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      provideRouter([{ path: '**', children: [] }]),
      { provide: AuthService, useValue: { user: null } },
      {
        provide: Entrance,
        useValue: {
          login: login.call,
          register: registered.call,
          verify: verified.call,
          forgot: forgotten.call,
          reset: reset.call,
        },
      },
    ],
  });
});

describe('a form that is corrected and pressed again before its answer', () => {
  it('logs in with the password that was typed last, and with none twice', async () => {
    const form = await Shown.of((await import('./login')).Login);
    await form.fill('username', 'ann');
    await form.fill('password', 'wrong');
    await form.submit();
    await form.submit();
    await form.fill('password', 'right');
    await form.submit();
    await login.refuse(failure('credentials_invalid'));
    expect(login.asked).toEqual([
      ['ann', 'wrong'],
      ['ann', 'right'],
    ]);
    expect(await form.text()).not.toContain('do not match');
    await login.answer();
    expect(login.asked).toHaveLength(2);
  });

  it('does not log in again where the first password was right', async () => {
    const form = await Shown.of((await import('./login')).Login);
    await form.fill('username', 'ann');
    await form.fill('password', 'right');
    await form.submit();
    await form.fill('password', 'rights');
    await form.submit();
    await login.answer();
    expect(login.asked).toHaveLength(1);
  });

  it('registers by the name that was typed last', async () => {
    const form = await Shown.of((await import('./register')).Register);
    await form.fill('username', 'taken');
    await form.fill('password', 'correct horse');
    await form.submit();
    await form.fill('username', 'free');
    await form.submit();
    await registered.refuse(failure('username_taken'));
    expect(registered.asked).toEqual(
      ['taken', 'free'].map((username) => [{ username, password: 'correct horse' }]),
    );
    expect(await form.text()).not.toContain('is taken');
  });

  it('tries the code that was typed last', async () => {
    const form = await Shown.of((await import('./verify')).Verify, { username: 'ann' });
    await form.fill('code', '111111');
    await form.fill('code', '222222');
    await verified.refuse(failure('otp_invalid'));
    expect(verified.asked).toEqual([
      ['ann', '111111'],
      ['ann', '222222'],
    ]);
    expect(await form.text()).not.toContain('not the code');
  });
});

describe('an invited newcomer', () => {
  it('registers with the code of the link', async () => {
    const form = await Shown.of((await import('./register')).Register, { invite: 'LAMP42' });
    await form.fill('username', 'eve');
    await form.fill('password', 'correct horse');
    await form.submit();
    expect(registered.asked).toEqual([[{ username: 'eve', password: 'correct horse', invite: 'LAMP42' }]]);
    await registered.refuse(failure('invite_invalid' as Code));
    expect(await form.text()).toContain('invite_invalid');
  });
});

describe('a forgotten password', () => {
  /** The second step, for this person. */
  async function asked(who: string): Promise<Shown> {
    const form = await Shown.of((await import('./forgot')).Forgot);
    await form.fill('username', who);
    await form.submit();
    await forgotten.answer();
    expect(await form.text()).toContain('New password');
    await form.fill('code', '123456');
    await form.fill('new-password', 'purple lamp');
    return form;
  }

  it('is asked for by what the field has in it', async () => {
    await asked('@Ann');
    await asked('Ann@example.org');
    expect(forgotten.asked).toEqual([[{ username: 'Ann' }], [{ email: 'Ann@example.org' }]]);
  });

  it('is replaced once, and logs in', async () => {
    const form = await asked('ann');
    await form.submit();
    await form.submit();
    await reset.answer();
    expect(reset.asked).toEqual([[{ username: 'ann', otp: '123456', newPassword: 'purple lamp' }]]);
    expect(login.asked).toEqual([['ann', 'purple lamp']]);
  });

  it('asks for the name where an address was given', async () => {
    const form = await asked('ann@example.org');
    await form.submit();
    expect(reset.asked).toEqual([]);
    await form.fill('username', 'ann');
    await form.submit();
    expect(reset.asked).toEqual([[{ username: 'ann', otp: '123456', newPassword: 'purple lamp' }]]);
  });

  it('tries to log in before it believes that a code is wrong which may have been used', async () => {
    const form = await asked('ann');
    await form.submit();
    await reset.refuse(failure('otp_invalid'));
    expect(await form.text()).toContain('not the code');
    expect(login.asked).toEqual([]);
    await form.submit();
    await reset.refuse(new Failure(null));
    await form.submit();
    await reset.refuse(failure('otp_invalid'));
    expect(login.asked).toEqual([['ann', 'purple lamp']]);
    expect(await form.text()).not.toContain('not the code');
    await login.refuse(failure('credentials_invalid'));
    expect(await form.text()).toContain('not the code');
  });

  it('is not asked for again in place of a password that many use', async () => {
    const form = await asked('ann');
    await form.submit();
    await reset.refuse(failure('invalid', 'newPassword'));
    expect(await form.text()).toContain('Many people use this password');
    expect(login.asked).toEqual([]);
  });
});
