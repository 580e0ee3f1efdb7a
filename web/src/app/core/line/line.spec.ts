import { describe, expect, it } from 'vitest';

import { type Line, type LineEvent, type LineTask, type Status, step, UNCONNECTED } from './line';

/** The status after each event, with what was to be done. */
function after(...events: LineEvent[]): (Status | `${Status}, ${LineTask}`)[] {
  let line: Line = UNCONNECTED;
  return events.map((event) => {
    const [next, task] = step(line, event);
    line = next;
    return task ? (`${next.status}, ${task}` as const) : next.status;
  });
}

describe('the line', () => {
  it('is online once connected, and offline once that ended', () => {
    expect(after('connected', 'disconnected', 'refused', 'connected')).toEqual([
      'online',
      'offline',
      'offline',
      'online',
    ]);
    expect(after('refused')).toEqual(['offline']);
  });

  it('is asked where the network is said to be gone, and stays online where it answers', () => {
    expect(after('connected', 'unplugged', 'answered')).toEqual(['online', 'online, probe', 'online']);
  });

  it('is offline once it did not answer, and connects anew', () => {
    expect(after('connected', 'unplugged', 'silent', 'refused', 'connected')).toEqual([
      'online',
      'online, probe',
      'offline, reconnect',
      'offline',
      'online',
    ]);
  });

  it('is asked once at a time, and again after an answer', () => {
    const events = ['connected', 'doubted', 'resumed', 'doubted', 'answered', 'resumed'] as const;
    expect(after(...events).slice(1)).toEqual([
      'online, probe',
      'online',
      'online',
      'online',
      'online, probe',
    ]);
  });

  it('does not wait for the next attempt where one is worth it, and makes none where the network just went', () => {
    expect(after('connected', 'disconnected', 'doubted', 'resumed')).toEqual([
      'online',
      'offline',
      'offline',
      'offline, reconnect',
    ]);
  });

  it('gives up an attempt that was under way when the network went, which would not be heard of for long', () => {
    expect(after('unplugged', 'refused', 'resumed', 'connected')).toEqual([
      'connecting, reconnect',
      'offline',
      'offline, reconnect',
      'online',
    ]);
  });

  it('takes neither answer nor silence of an earlier connection for its own', () => {
    expect(after('connected', 'doubted', 'disconnected', 'answered', 'silent')).toEqual([
      'online',
      'online, probe',
      'offline',
      'offline',
      'offline',
    ]);
    expect(after('connected', 'doubted', 'disconnected', 'connected', 'silent').at(-1)).toBe('online');
  });
});
