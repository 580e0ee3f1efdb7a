import { expect, it } from 'vitest';

import { around } from './around';

it('a sentence stands around its name, wherever that is in it', () => {
  expect(around((name) => `You have blocked ${name}.`)).toEqual(['You have blocked ', '.']);
  expect(around((name) => `${name} invites you`)).toEqual(['', ' invites you']);
  expect(around((name) => `invited by ${name}`)).toEqual(['invited by ', '']);
});
