import { describe, expect, it } from 'vitest';

import { chatIn, chatWith } from '../../core/chat-key';
import { conversation, message } from '../../testing/conversation';
import { matching } from './matching';
import { rows } from './rows';

describe('the list', () => {
  it('puts what waits in the outbox first, also for somebody new', () => {
    const at = Date.parse('2026-03-28T11:00:00Z');
    const found = rows(
      [conversation()],
      [
        { clientId: '1', receiver: 'bob', text: 'to Bob', writtenAt: at },
        { clientId: '2', receiver: 'cat', text: 'to Cat', writtenAt: at + 1 },
      ],
      'ann',
    );
    expect(found.map(({ title, preview, tick }) => [title, preview, tick])).toEqual([
      ['cat', 'to Cat', 'pending'],
      ['Bob', 'to Bob', 'pending'],
    ]);
  });

  it('has what is pinned at the top, and knows what was noted', () => {
    const group = conversation({ id: 'g', kind: 'group', title: 'Crew', members: [] });
    const later = message(6, 'bob', { timestamp: '2026-03-28T12:00:00.000Z' });
    const noted = {
      pinned: new Map([[chatIn('g'), 1]]),
      unread: new Map([[chatWith('Bob'), 1]]),
      archived: new Map(),
      blocked: new Set(['bob']),
      mentions: ({ id }: { id: string }) => (id === 'g' ? 1 : 0),
    };
    const found = rows([conversation({ lastMessage: later }), group], [], 'ann', undefined, noted);
    expect(
      found.map(({ title, pinned, marked, blocked, left, mentions }) => [
        title,
        pinned,
        marked,
        blocked,
        left,
        mentions,
      ]),
    ).toEqual([
      ['Crew', true, false, false, true, 1],
      ['Bob', false, true, true, false, 0],
    ]);
  });

  it('puts away what was archived until something new is said, and what is muted for good', () => {
    const archived = (seq: number, muted: boolean) => {
      const noted = {
        pinned: new Map(),
        unread: new Map(),
        archived: new Map([[chatWith('bob'), 5]]),
        blocked: new Set<string>(),
        mentions: () => 0,
      };
      const found = conversation({ muted, lastMessage: message(seq, 'bob') });
      return rows([found], [], 'ann', undefined, noted)[0]!.archived;
    };
    expect([archived(5, false), archived(6, false), archived(6, true)]).toEqual([true, false, true]);
  });

  it('says when there is nothing, and when it was deleted', () => {
    const { lastMessage: _, ...empty } = conversation();
    expect(rows([empty], [], 'ann')[0]?.preview).toBe('No messages yet');
    expect(
      rows(
        [
          conversation({
            lastMessage: message(5, 'bob', { deletedAt: '2026-03-28T10:01:00.000Z', text: '' }),
          }),
        ],
        [],
        'ann',
      )[0]?.preview,
    ).toBe('Message deleted');
  });

  it('names who wrote last in a group, and nobody between two', () => {
    expect(rows([conversation({ kind: 'group', title: 'Crew' })], [], 'ann')[0]).toMatchObject({
      from: 'Bob',
      preview: 'text 5',
      group: true,
    });
    expect(rows([conversation()], [], 'ann')[0]?.from).toBeUndefined();
    expect(
      rows([conversation({ kind: 'group', lastMessage: message(5, 'ann') })], [], 'ann')[0]?.from,
    ).toBeUndefined();
  });

  it('finds names by the beginning of a word, without case and accents', () => {
    const named = (title: string, username: string) => ({
      ...rows([conversation()], [], 'ann')[0]!,
      title,
      username,
    });
    const all = [named('José Ortega', 'jo'), named('Marjo', 'marjo'), named('Bob', 'bob')];
    expect(matching(all, 'JO').map(({ title }) => title)).toEqual(['José Ortega', 'Marjo']);
    expect(matching(all, 'ort').map(({ title }) => title)).toEqual(['José Ortega']);
    expect(matching(all, '@bo').map(({ title }) => title)).toEqual(['Bob']);
    expect(matching(all, ' ')).toHaveLength(3);
  });

  it('knows people in any case', () => {
    const [ann, bob] = ['ANN', 'BOB'];
    const [row, ...others] = rows(
      [conversation()],
      [{ clientId: '1', receiver: bob, text: 'to Bob', writtenAt: 0 }],
      ann,
    );
    expect([row?.preview, row?.chat, row?.link, others]).toEqual(['to Bob', '@bob', ['/@bob'], []]);
  });

  it('says so of a group that one was taken out of', () => {
    const group = conversation({ kind: 'group', title: 'Crew' });
    const closed = { ...group, members: group.members.slice(1) };
    expect(rows([closed], [], 'ann')[0]?.preview).toBe('You are no longer a member');
  });
});
