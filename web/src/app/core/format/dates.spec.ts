import { describe, expect, it } from 'vitest';

import { dateOf, startOfDay } from './dates';

describe('days of a field for dates', () => {
  it('are those of the local calendar', () => {
    expect(dateOf(new Date(2026, 2, 8, 23, 59))).toBe('2026-03-08');
    expect(startOfDay('2026-03-08')).toEqual(new Date(2026, 2, 8));
    expect(startOfDay('2026-12-31', 1)).toEqual(new Date(2027, 0, 1));
    expect(dateOf(startOfDay('2026-10-25'))).toBe('2026-10-25');
  });
});
