import { TestBed } from '@angular/core/testing';
import { expect, it } from 'vitest';

import { HeldCall, Shown } from '../testing/pressed';
import { Avatar, hueOf, PICTURES } from './avatar';

it('tells people apart by colour, whatever the case, and short names, too', () => {
  expect(hueOf('Ann')).toBe(hueOf('aNN'));
  const names = 'ann ben cat dan dalia emil eve fay gus ida kim leo mia noa oli pia tim zoe'.split(' ');
  const counts = new Map<number, number>();
  for (const hue of names.map(hueOf)) counts.set(hue, (counts.get(hue) ?? 0) + 1);
  expect(Math.max(...counts.values())).toBeLessThanOrEqual(4);
  expect(counts.size).toBeGreaterThanOrEqual(8);
  expect([...counts.keys()].every((hue) => hue >= 1 && hue <= 12)).toBe(true);
});

it('shows the initials until the picture is here, and where it does not come', async () => {
  const load = new HeldCall<string>();
  const of = (username: string) => `/pictures/${username}`;
  TestBed.configureTestingModule({ providers: [{ provide: PICTURES, useValue: { of, load: load.call } }] });
  const avatar = await Shown.of(Avatar, { name: 'Ann', username: 'Ann' });
  expect(await avatar.text()).toBe('A');
  await load.answer('blob:ann');
  expect(await avatar.text()).toBe('');
  await avatar.give('username', 'Bob');
  await avatar.give('name', 'Bob');
  await load.refuse(new Error());
  expect(await avatar.text()).toBe('B');
  expect(load.asked).toEqual([['/pictures/Ann'], ['/pictures/Bob']]);
});
