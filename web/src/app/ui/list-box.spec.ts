import { Component, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, it } from 'vitest';

import { ListBox, ListField, ListOption } from './list-box';

const keys = signal<readonly string[]>([]);
const taken: string[] = [];

@Component({
  selector: 'aldis-colours',
  imports: [ListField, ListOption],
  template: `
    <input aria-label="Colour" [aldisListField]="box" />
    <ul role="listbox" [id]="box.id">
      @for (key of box.keys(); track key) {
        <li [aldisOption]="box" [key]="key" (pick)="taken.push(key)">{{ key }}</li>
      }
    </ul>
  `,
})
class Colours {
  readonly box = new ListBox('colours', keys);
  readonly taken = taken;
}

let page: HTMLElement;
let box: ListBox;
const press = (key: string, more: KeyboardEventInit = {}) => {
  const event = new KeyboardEvent('keydown', { key, cancelable: true, ...more });
  page.querySelector('input')!.dispatchEvent(event);
  TestBed.tick();
  return event.defaultPrevented;
};
const chosen = () => page.querySelector('[aria-selected="true"]')?.textContent;

beforeEach(() => {
  keys.set(['red', 'green', 'blue']);
  taken.length = 0;
  TestBed.resetTestingModule();
  const fixture = TestBed.createComponent(Colours);
  page = fixture.nativeElement as HTMLElement;
  document.body.append(page);
  HTMLElement.prototype.scrollIntoView = () => undefined;
  box = fixture.componentInstance.box;
  TestBed.tick();
});

describe('a list box', () => {
  it('is moved through from its field, around both ends, and Enter takes the chosen one', () => {
    expect(chosen()).toBe('red');
    press('ArrowUp');
    expect(chosen()).toBe('blue');
    press('ArrowDown');
    press('ArrowDown');
    expect(chosen()).toBe('green');
    expect(page.querySelector('input')!.getAttribute('aria-activedescendant')).toBe('colours-green');
    expect(press('Enter')).toBe(true);
    expect(taken).toEqual(['green']);
  });

  it('leaves keys with Ctrl, and those of an input method, to others', () => {
    expect(press('Enter', { ctrlKey: true })).toBe(false);
    expect(press('Enter', { isComposing: true })).toBe(false);
    expect(press('x')).toBe(false);
    expect(taken).toEqual([]);
  });

  it('keeps the choice while others come before it, and begins anew once it is gone', () => {
    press('ArrowDown');
    keys.set(['white', 'red', 'green', 'blue']);
    TestBed.tick();
    expect(chosen()).toBe('green');
    keys.set(['white', 'red']);
    TestBed.tick();
    expect(chosen()).toBe('white');
    keys.set([]);
    TestBed.tick();
    expect(box.active()).toBeNull();
    expect(page.querySelector('input')!.getAttribute('aria-expanded')).toBe('false');
    expect(press('ArrowDown')).toBe(false);
  });

  it('has no choice until it is moved, where what is typed may stand for itself', () => {
    const free = new ListBox('free', keys, true);
    expect(free.active()).toBeNull();
    free.move({ key: 'ArrowUp' } as KeyboardEvent);
    expect(free.chosen()).toBe('blue');
  });
});
