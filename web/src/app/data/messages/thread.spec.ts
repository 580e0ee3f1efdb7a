import { expect, it } from 'vitest';

import { seqOf } from './thread';

it('finds the seq in a message’s id', () => {
  expect(seqOf('01a202b8-0643-7874-9c0d-4c8000000029')).toBe(0x29);
});
