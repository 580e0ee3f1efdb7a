import { describe, expect, it } from 'vitest';

import { suggestions } from './suggestions';

const bob = { username: 'bob', displayName: 'Bob', role: 'member', deliveredSeq: 0, readSeq: 0 } as const;
const offered = async (text: string, tone = 0) =>
  (await suggestions(text, text.length, [bob], 'ann', tone)).map(({ written }) => written.text);

describe('what is suggested while one types', () => {
  it('is an emoji by its name, in the skin tone that was chosen', async () => {
    expect(await offered('so :sail')).toContain('so ⛵');
    expect(await offered(':waving_ha')).toEqual(['👋']);
    expect(await offered(':waving_ha', 3)).toEqual(['👋🏽']);
    expect(await offered(':smi')).toHaveLength(6);
    expect(await suggestions(':sailb now', 6, [], 'ann', 0)).toMatchObject([
      { written: { text: '⛵ now', caret: 1 } },
    ]);
  });

  it('is nothing for the time of day, a smiley, an address, or what has no such name', async () => {
    for (const text of ['at 10:am', ':D', ':p', 'https://a', 'note:this', ':', '::sail', ':nosuchthing'])
      expect(await offered(text), text).toEqual([]);
  });

  it('is a member of the group by their name', async () => {
    expect(await offered('ask @b')).toEqual(['ask @bob ']);
    expect(await suggestions('ask @b', 6, [], 'ann', 0)).toEqual([]);
  });
});
