import { describe, expect, it } from 'vitest';

import { chatWith } from '../../core/chat-key';
import { conversation } from '../../testing/conversation';
import { chatOf, conversationOf, peer, roleOf, titleOf } from './conversation';

describe('a conversation', () => {
  it('knows its people in any case', () => {
    const [ann, bob] = ['ANN', 'BOB'];
    expect([peer(conversation(), ann)?.username, roleOf(conversation(), bob)]).toEqual(['bob', 'member']);
    expect(conversationOf([conversation()], chatWith(bob), ann)?.id).toBe('c');
    expect(chatOf(conversation(), ann)).toBe(chatWith(bob));
  });

  it('is called after the other one', () => {
    expect(titleOf(conversation(), 'ann')).toBe('Bob');
    expect(peer(conversation(), 'bob')?.username).toBe('ann');
    expect(titleOf(conversation({ kind: 'group', title: 'Crew' }), 'ann')).toBe('Crew');
  });
});
