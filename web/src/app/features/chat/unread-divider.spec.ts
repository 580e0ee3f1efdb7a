import { signal } from '@angular/core';
import { describe, expect, it } from 'vitest';

import { timeline } from '../../data/messages/timeline';
import type { Message } from '../../protocol/protocol';
import { UnreadDivider } from './unread-divider';

const message = (seq: number, sender = 'bob'): Message => ({
  id: `m${seq}`,
  conversationId: 'c',
  seq,
  clientId: `c${seq}`,
  sender,
  text: `${seq}`,
  timestamp: '2026-03-28T10:00:00.000Z',
});
const top = signal(false);
const entries = (...messages: Message[]) => timeline(messages, [], 'ann', []);

describe('the divider', () => {
  it('stands before what was unread on entering, and stays', () => {
    const all = signal(entries(message(1), message(2), message(3)));
    const divider = new UnreadDivider(all, top);
    divider.update(1, true, true);
    const there = divider.key();
    expect(there).toBe(all()[1]!.key);
    all.set(entries(message(1), message(2), message(3), message(4)));
    divider.update(4, true, true);
    expect(divider.key()).toBe(there);
    divider.leave();
    expect(divider.key()).toBeNull();
    divider.update(4, true, true);
    expect(divider.key()).toBeNull();
  });

  it('waits on entering for what is still under way', () => {
    const all = signal(entries(message(1)));
    const divider = new UnreadDivider(all, top);
    divider.update(1, false, true);
    all.set(entries(message(1), message(2)));
    divider.update(1, true, true);
    expect([divider.key(), divider.opened()]).toEqual([all()[1]!.key, 1]);
  });

  it('does not count what another device read meanwhile', () => {
    const all = signal(entries(message(1)));
    const divider = new UnreadDivider(all, top);
    divider.update(1, false, true);
    all.set(entries(message(1), message(2), message(3)));
    divider.update(2, true, true);
    expect(divider.key()).toBe(all()[2]!.key);
  });

  it('does not stand where all is new, and the chat begins there nevertheless', () => {
    const all = signal(entries(message(1), message(2)));
    const divider = new UnreadDivider(all, signal(true));
    divider.update(0, true, true);
    expect([divider.key(), divider.opened()]).toEqual([null, 0]);
  });

  it('does not come between messages that are seen as they come', () => {
    const all = signal(entries(message(1)));
    const divider = new UnreadDivider(all, top);
    divider.update(1, true, true);
    all.set(entries(message(1), message(2)));
    divider.update(2, true, true);
    expect(divider.key()).toBeNull();
    // Nobody looks; then it does.
    all.set(entries(message(1), message(2), message(3)));
    divider.update(2, true, false);
    expect([divider.key(), divider.opened()]).toEqual([all()[2]!.key, null]);
  });

  it('finds its place once it is loaded', () => {
    const all = signal(entries(message(20), message(21)));
    const divider = new UnreadDivider(all, top);
    divider.update(10, true, true);
    expect(divider.key()).toBeNull();
    all.set(entries(message(9), message(10), message(11), message(20), message(21)));
    divider.update(21, true, true);
    expect(divider.key()).toBe(all()[2]!.key);
  });

  it('is not of one’s own messages', () => {
    const all = signal(entries(message(1), message(2, 'ann')));
    const divider = new UnreadDivider(all, top);
    divider.update(1, true, true);
    expect(divider.key()).toBeNull();
  });
});
