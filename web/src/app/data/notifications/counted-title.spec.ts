import { TestBed } from '@angular/core/testing';
import { expect, it } from 'vitest';

import { CountedTitle } from './counted-title';

it('the title keeps its count while it changes, and loses it when all is read', () => {
  const title = TestBed.inject(CountedTitle);
  title.setTitle('Ann · Aldis');
  title.count(3);
  expect(document.title).toBe('(3) Ann · Aldis');
  title.setTitle('Bob · Aldis');
  expect(document.title).toBe('(3) Bob · Aldis');
  title.count(0);
  expect(document.title).toBe('Bob · Aldis');
});
