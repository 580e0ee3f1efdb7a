import { Component, computed, type ElementRef, inject, output, signal, viewChild } from '@angular/core';
import { composes } from '../../ui/composes';

import { Database } from '../../core/disk/database';
import { putRecentEmoji, recentEmoji } from '../../core/disk/recent-emoji';
import { oneEmoji } from '../../data/messages/reaction';
import { rightToLeft } from '../../ui/direction';
import { type Emoji, type EmojiGroup, findEmoji, loadEmoji, toned, withRecent } from './emoji';
import { SkinTone } from './skin-tone';

/** All emoji, by groups and by words: typing searches, arrow keys move, Enter takes. */
@Component({
  selector: 'aldis-emoji-picker',
  template: `
    <!-- What opens, a dialog or a popover, gives it the focus. -->
    <!-- eslint-disable @angular-eslint/template/no-autofocus -->
    <div class="emoji-search">
      <input
        #input
        class="field-input"
        type="search"
        [attr.autofocus]="fine ? '' : null"
        autocomplete="off"
        spellcheck="false"
        aria-label="Find an emoji"
        i18n-aria-label
        aria-controls="emoji-grid"
        placeholder="Find an emoji"
        i18n-placeholder
        (input)="query.set(input.value)"
        (keydown)="searchKey($event)"
      />
      <button
        type="button"
        class="emoji"
        [attr.aria-label]="skin.label()"
        [title]="skin.label()"
        (click)="skin.next()"
      >
        {{ hand() }}
      </button>
    </div>
    <div class="emoji-groups" role="group" aria-label="Groups" i18n-aria-label>
      @for (group of tabs(); track group.name) {
        <button
          type="button"
          class="emoji"
          [attr.aria-label]="group.name"
          [title]="group.name"
          [attr.aria-pressed]="query() === '' && group.name === chosen()"
          (click)="open(group.name, input)"
        >
          {{ group.sign }}
        </button>
      }
    </div>
    <div
      #grid
      id="emoji-grid"
      class="emoji-grid"
      role="group"
      [attr.aria-label]="query() ? words.found : chosen()"
      (keydown)="gridKey($event)"
    >
      @for (item of shown(); track item.emoji; let index = $index) {
        <button
          type="button"
          class="emoji"
          [attr.aria-label]="item.name"
          [title]="item.name"
          [attr.tabindex]="index === 0 ? 0 : -1"
          (click)="take(item.emoji)"
        >
          {{ item.emoji }}
        </button>
      }
    </div>
    <p class="field-note" role="status">{{ note() }}</p>
  `,
})
export class EmojiPicker {
  protected readonly words = { found: $localize`Found`, recent: $localize`Recent` };
  private readonly database = inject(Database);
  protected readonly skin = inject(SkinTone);

  readonly pick = output<string>();

  /** On a touch screen the keyboard would cover them; and it has emoji of its own. */
  protected readonly fine = matchMedia('(pointer: fine)').matches;
  protected readonly query = signal('');
  protected readonly failed = signal(false);
  private readonly groups = signal<readonly EmojiGroup[]>([]);
  private recent: readonly string[] = [];
  protected readonly tabs = computed(() =>
    this.groups().map(({ name, emoji }) => ({
      name,
      sign: name === this.words.recent ? '🕘' : (emoji[0]?.emoji ?? ''),
    })),
  );
  private readonly wanted = signal<string | null>(null);
  protected readonly chosen = computed(() => this.wanted() ?? this.tabs()[0]?.name ?? '');
  /** What shows the skin tone. */
  protected readonly hand = computed(() => ['✋', '✋🏻', '✋🏼', '✋🏽', '✋🏾', '✋🏿'][this.skin.tone()]!);
  protected readonly shown = computed((): readonly Emoji[] =>
    this.listed().map((item) => ({ ...item, emoji: toned(item, this.skin.tone()) })),
  );
  private readonly listed = computed((): readonly Emoji[] => {
    const query = this.query();
    const one = oneEmoji(query);
    if (one) return [{ emoji: one, name: one, words: [] }];
    return query.trim()
      ? findEmoji(this.groups(), query)
      : (this.groups().find(({ name }) => name === this.chosen())?.emoji ?? []);
  });
  protected readonly note = computed(() => {
    if (this.failed()) return $localize`The emoji could not be loaded: type one.`;
    return this.query() && this.shown().length === 0 ? $localize`Nothing is called that.` : '';
  });
  private readonly input = viewChild.required<ElementRef<HTMLInputElement>>('input');
  private readonly grid = viewChild.required<ElementRef<HTMLElement>>('grid');

  constructor() {
    this.load().catch(() => this.failed.set(true));
  }

  private async load(): Promise<void> {
    const [groups, recent] = await Promise.all([loadEmoji(), recentEmoji(this.database).catch(() => [])]);
    this.recent = recent;
    const taken = recent.map((emoji) => ({ emoji, name: emoji, words: [] }));
    this.groups.set([...(taken.length > 0 ? [{ name: this.words.recent, emoji: taken }] : []), ...groups]);
  }

  protected open(name: string, input: HTMLInputElement): void {
    input.value = '';
    this.query.set('');
    this.wanted.set(name);
    this.grid().nativeElement.scrollTop = 0;
  }

  protected searchKey(event: KeyboardEvent): void {
    if (composes(event)) return;
    const [first] = this.shown();
    if (event.key === 'Enter' && first && this.query()) this.take(first.emoji);
    else if (event.key === 'ArrowDown') this.buttons()[0]?.focus();
    else if (event.key !== 'Enter') return;
    event.preventDefault();
  }

  protected gridKey(event: KeyboardEvent): void {
    const buttons = this.buttons();
    const index = buttons.indexOf(event.target as HTMLElement);
    if (index < 0) return;
    const line = buttons.filter(({ offsetTop }) => offsetTop === buttons[0]?.offsetTop).length;
    const onward = rightToLeft() ? -1 : 1;
    const moves: Record<string, number> = {
      ArrowRight: index + onward,
      ArrowLeft: index - onward,
      ArrowDown: index + line,
      ArrowUp: index - line,
      Home: 0,
      End: buttons.length - 1,
    };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (to < 0) this.input().nativeElement.focus();
    else buttons[to]?.focus();
  }

  protected take(emoji: string): void {
    this.recent = withRecent(this.recent, emoji);
    void putRecentEmoji(this.database, this.recent).catch(() => undefined);
    this.pick.emit(emoji);
  }

  private buttons(): HTMLElement[] {
    return [...this.grid().nativeElement.querySelectorAll('button')];
  }
}
