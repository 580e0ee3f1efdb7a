import { expect, it, vi } from 'vitest';

import { LoadErrors, partMissing } from './load-errors';

it('knows in every browser’s words that a part did not come, and takes nothing else for it', () => {
  vi.spyOn(console, 'error').mockReturnValue();
  const errors = new LoadErrors();
  errors.handleError(new Error('Something else'));
  expect(partMissing()).toBe(false);
  const words = [
    'TypeError: Failed to fetch dynamically imported module: /chunk.js',
    'TypeError: error loading dynamically imported module: /chunk.js',
    'TypeError: Importing a module script failed.',
    'NG0750: Loading dependencies for `@defer` block failed',
  ];
  for (const word of words) errors.handleError(new Error(word));
  expect(partMissing()).toBe(true);
});
