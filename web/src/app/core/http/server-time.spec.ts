import { describe, expect, it } from 'vitest';

import { hear, serverNow } from './server-time';

const answer = (date?: string) => new Response(null, { headers: date ? { date } : {} });
const offset = () => Math.round((serverNow() - Date.now()) / 1_000);

describe('the time of the server', () => {
  it('is what its answers tell where the clock here is off', () => {
    expect(offset()).toBe(0);
    hear(answer(new Date(Date.now() + 2 * 3_600_000).toUTCString()));
    expect(Math.abs(offset() - 7_200)).toBeLessThan(2);
    // A proxy may leave it out.
    hear(answer());
    expect(Math.abs(offset() - 7_200)).toBeLessThan(2);
    hear(answer(new Date(Date.now() - 900).toUTCString()));
    expect(offset()).toBe(0);
  });
});
