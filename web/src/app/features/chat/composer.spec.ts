import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { SendKey } from '../../core/app/send-key';
import type { Entry } from '../../data/messages/timeline';
import { Composer } from './composer';

let sent: string[];
let saved: string[];

async function composer(editing: Partial<Entry> | null = null) {
  const fixture = TestBed.createComponent(Composer);
  const inputs = { chat: '@bob', title: 'Bob', names: new Map(), replying: null, editing };
  for (const [name, value] of Object.entries(inputs)) fixture.componentRef.setInput(name, value);
  fixture.componentInstance.send.subscribe(({ text }) => sent.push(text));
  fixture.componentInstance.save.subscribe((text) => saved.push(text));
  await fixture.whenStable();
  const page = fixture.nativeElement as HTMLElement;
  return {
    async type(text: string) {
      const field = page.querySelector('textarea')!;
      field.value = text;
      field.dispatchEvent(new Event('input'));
      await fixture.whenStable();
    },
    press: (key: KeyboardEventInit) =>
      page.querySelector('textarea')!.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ...key })),
    submit: () => page.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true })),
    sendParts: () => page.querySelector<HTMLElement>('.composer-note button')!.click(),
    get note() {
      return page.querySelector('.composer-note')?.textContent?.trim();
    },
    noted: (text: string) =>
      vi.waitFor(async () => {
        await fixture.whenStable();
        expect(page.querySelector('.composer-note')?.textContent).toContain(text);
      }),
  };
}

const pointer = (kind: 'fine' | 'coarse' | 'none') =>
  vi.stubGlobal('matchMedia', (asked: string) => ({ matches: asked === `(pointer: ${kind})` }));

beforeEach(() => {
  sent = [];
  saved = [];
  pointer('none');
});

describe('the composer', () => {
  it('sends and saves half a character as a replacement character, which is what it looks like', async () => {
    const fresh = await composer();
    await fresh.type(' half \ud83d end, whole \u{1f98a} ');
    fresh.submit();
    const change = await composer({ text: 'before' });
    await change.type('\udc00');
    change.submit();
    expect({ sent, saved }).toEqual({ sent: ['half \ufffd end, whole \u{1f98a}'], saved: ['\ufffd'] });
  });

  it('sends by Enter or Ctrl+Enter, and not by the key that confirms a conversion', async () => {
    pointer('fine');
    const one = await composer();
    await one.type('変換');
    one.press({ keyCode: 229 });
    one.press({ isComposing: true });
    one.press({ shiftKey: true });
    expect(sent).toEqual([]);
    one.press({});
    TestBed.inject(SendKey).choose(false);
    await one.type('chosen');
    one.press({});
    expect(sent).toEqual(['変換']);
    one.press({ ctrlKey: true });
    TestBed.inject(SendKey).choose(true);
    // A tablet: Enter is for its keyboard on the screen, Ctrl+Enter for the one that is attached.
    pointer('coarse');
    await one.type('tablet');
    one.press({});
    one.press({ metaKey: true });
    expect(sent).toEqual(['変換', 'chosen', 'tablet']);
    // A machine with a keyboard alone.
    pointer('none');
    await one.type('keys');
    one.press({});
    expect(sent.at(-1)).toBe('keys');
  });

  it('says by how many characters a text is too long, and still leaves it to the server', async () => {
    const one = await composer();
    await one.type(` ${'y'.repeat(16_384)}\n`);
    expect(one.note).toBeUndefined();
    await one.type('y'.repeat(16_385));
    await one.noted('Too long by 1 character.');
    await one.type('界'.repeat(6_000));
    await one.noted('Too long by 539 characters.');
    one.submit();
    expect(sent.map((text) => text.length)).toEqual([6_000]);
  });

  it('sends a text that is too long as several messages, in their order', async () => {
    const one = await composer();
    await one.type(`${'y'.repeat(12_000)}\n\n${'z'.repeat(12_000)}`);
    await one.noted('Send as 2 messages');
    one.sendParts();
    expect(sent).toEqual(['y'.repeat(12_000), 'z'.repeat(12_000)]);
  });
});
