import {
  afterRenderEffect,
  Component,
  computed,
  DestroyRef,
  type ElementRef,
  inject,
  input,
  signal,
  viewChild,
} from '@angular/core';

import { breath } from '../../core/breath';
import { copyText } from '../../core/copy';
import { Highlighter } from '../../core/format/highlighter';
import { languageOf, type Token } from '../../core/format/languages';

const SAID_FOR = 2_000;

/**
 * A block of code, or a piece of a long one: its language, a button that copies all of it, and colours. They
 * are highlights, which the browser lays over the text: the text stays one text, and nothing is made of it.
 */
@Component({
  selector: 'aldis-code-block',
  template: `
    @if (from() === 0) {
      <span class="code-head">
        <span>{{ known().name }}</span>
        <button type="button" class="code-copy" [attr.tabindex]="reachable() ? 0 : -1" (click)="copy()">
          <span aria-live="polite">{{ said() || words.copy }}</span>
        </button>
      </span>
    }
    <code
      #code
      class="code block"
      [attr.tabindex]="wide() ? 0 : null"
      [attr.role]="wide() ? 'region' : null"
      [attr.aria-label]="wide() ? label() : null"
      [textContent]="text()"
    ></code>
  `,
})
export class CodeBlock {
  protected readonly words = { copy: $localize`Copy` };
  private readonly highlighter = inject(Highlighter);

  /** All of the code, of which `text` begins at `from`. */
  readonly whole = input.required<string>();
  readonly text = input.required<string>();
  readonly from = input(0);
  readonly language = input('');
  readonly reachable = input(false);

  /** What became of copying, for a moment. */
  protected readonly said = signal('');
  protected readonly known = computed(() => languageOf(this.language()));
  protected readonly label = computed(() =>
    this.language() ? $localize`Code in ${this.known().name}:language:` : this.known().name,
  );
  /** It scrolls sideways, so the keyboard must reach it. */
  protected readonly wide = signal(false);
  private readonly code = viewChild.required<ElementRef<HTMLElement>>('code');

  constructor() {
    const observer = new ResizeObserver(() => this.measure());
    let shown: Coloured | undefined;
    afterRenderEffect((onCleanup) => {
      const [code, whole, text, from] = [this.code().nativeElement, this.whole(), this.text(), this.from()];
      const { grammar } = this.known();
      observer.observe(code);
      this.measure();
      if (!grammar || !('highlights' in CSS)) return;
      let gone = false;
      onCleanup(() => {
        gone = true;
        shown?.clear();
      });
      void this.highlighter.tokens(whole, grammar).then((tokens) => {
        const node = code.firstChild;
        if (!gone && node) shown = new Coloured(node, from, text.length, tokens);
      });
    });
    inject(DestroyRef).onDestroy(() => observer.disconnect());
  }

  protected async copy(): Promise<void> {
    this.said.set((await copyText(this.whole())) ? $localize`Copied` : $localize`Not copied`);
    await breath(SAID_FOR);
    this.said.set('');
  }

  private measure(): void {
    const { scrollWidth, clientWidth } = this.code().nativeElement;
    this.wide.set(scrollWidth > clientWidth);
  }
}

/** The colours of one text, which the page keeps by their kind: see `code.css`. */
class Coloured {
  private readonly ranges: (readonly [Highlight, AbstractRange])[];

  constructor(node: Node, from: number, length: number, tokens: readonly Token[]) {
    this.ranges = tokens
      .filter((token) => token.to > from && token.from < from + length)
      .map((token) => {
        const range = new StaticRange({
          startContainer: node,
          startOffset: Math.max(token.from - from, 0),
          endContainer: node,
          endOffset: Math.min(token.to - from, length),
        });
        const name = `code-${token.kind}`;
        const highlight = CSS.highlights.get(name) ?? new Highlight();
        CSS.highlights.set(name, highlight.add(range));
        return [highlight, range];
      });
  }

  clear(): void {
    for (const [highlight, range] of this.ranges) highlight.delete(range);
  }
}
