import { TestBed } from '@angular/core/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { Api } from '../../core/api/api';
import { Database } from '../../core/disk/database';
import { Files } from './files';

const nothing = () => Promise.resolve(undefined);
const revoked: string[] = [];
let files: Files;

beforeEach(() => {
  vi.useFakeTimers();
  revoked.length = 0;
  let made = 0;
  vi.spyOn(URL, 'createObjectURL').mockImplementation(() => `blob:${++made}`);
  vi.spyOn(URL, 'revokeObjectURL').mockImplementation((address) => void revoked.push(address));
  vi.spyOn(globalThis, 'fetch').mockImplementation(() => Promise.resolve(new Response('picture')));
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      { provide: Api, useValue: { authorized: (ask: (token: string) => unknown) => ask('token') } },
      { provide: Database, useValue: { pictures: nothing, trimPictures: nothing } },
    ],
  });
  files = TestBed.inject(Files);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it('are there for all who asked for many at once, and then only the newest are held', async () => {
  const asked = Array.from({ length: 250 }, (_, index) => files.picture(`/${index}`));
  const addresses = await Promise.all(asked);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(revoked).toEqual([]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(revoked).toHaveLength(50);
  expect(new Set(revoked)).toEqual(new Set(addresses.slice(0, 50)));
  expect(await files.picture('/249')).toBe(addresses[249]);
  expect(addresses).not.toContain(await files.picture('/0'));
});
