import { TestBed } from '@angular/core/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { Database } from '../../core/disk/database';
import type { NotificationChoices } from '../../core/disk/notice-choices';
import { NotificationOffer } from './notification-offer';

let kept: NotificationChoices;
let permission: NotificationPermission;
const requestPermission = vi.fn(() => Promise.resolve(permission));

/** As after a reload. */
function offer(): NotificationOffer {
  TestBed.resetTestingModule();
  const database = {
    meta: () => Promise.resolve(JSON.stringify(kept)),
    putMeta: (_key: string, choices: string) =>
      Promise.resolve(void (kept = JSON.parse(choices) as NotificationChoices)),
  };
  TestBed.configureTestingModule({ providers: [{ provide: Database, useValue: database }] });
  return TestBed.inject(NotificationOffer);
}

beforeEach(() => {
  kept = { on: false, text: false };
  permission = 'default';
  vi.stubGlobal('Notification', {
    get permission() {
      return permission;
    },
    requestPermission,
  });
});
afterEach(() => vi.unstubAllGlobals());

it('comes with a message that nobody saw, until it is answered', async () => {
  for (const one of [offer(), offer()]) {
    expect(one.shown()).toBe(false);
    await one.missed();
    expect(one.shown()).toBe(true);
  }
});

it('turns notifications on, and keeps what was chosen of them', async () => {
  const one = offer();
  await one.missed();
  permission = 'granted';
  await one.accept();
  expect(one.shown()).toBe(false);
  expect(kept).toEqual({ on: true, text: false, offered: true });
});

it('does not come again once it was declined, here or by the browser', async () => {
  const one = offer();
  await one.missed();
  await one.decline();
  expect(kept).toEqual({ on: false, text: false, offered: true });
  const later = offer();
  await later.missed();
  expect(later.shown()).toBe(false);

  kept = { on: false, text: true };
  permission = 'denied';
  const other = offer();
  await other.missed();
  expect(other.shown()).toBe(false);
});

it('goes where another tab had the answer', async () => {
  const one = offer();
  await one.missed();
  kept = { ...kept, on: true };
  document.dispatchEvent(new Event('visibilitychange'));
  await vi.waitFor(() => expect(one.shown()).toBe(false));
});
