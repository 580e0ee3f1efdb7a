import { afterNextRender, Component, type ElementRef, input, output, signal, viewChild } from '@angular/core';

/** A labelled input that says what is wrong with it, beside it and to a screen reader. */
@Component({
  selector: 'aldis-field',
  template: `
    <label class="field-label" [attr.for]="'field-' + name()">{{ label() }}</label>
    <div class="field-box">
      <input
        #input
        class="field-input"
        [id]="'field-' + name()"
        [name]="name()"
        [type]="shown() ? 'text' : type()"
        [attr.autocomplete]="autocomplete()"
        [attr.aria-invalid]="error() ? true : null"
        [attr.aria-describedby]="'field-' + name() + '-note'"
        autocapitalize="none"
        spellcheck="false"
        (input)="error.set(''); typed.emit(input.value)"
      />
      @if (type() === 'password') {
        <button
          type="button"
          class="field-reveal"
          [attr.aria-label]="shown() ? words.hidePassword : words.showPassword"
          [attr.aria-pressed]="shown()"
          (click)="shown.set(!shown())"
        >
          {{ shown() ? words.hide : words.show }}
        </button>
      }
    </div>
    <p class="field-note" [id]="'field-' + name() + '-note'" [class.wrong]="error()">
      {{ error() || hint() }}
    </p>
  `,
})
export class Field {
  protected readonly words = {
    show: $localize`Show`,
    showPassword: $localize`Show password`,
    hide: $localize`Hide`,
    hidePassword: $localize`Hide password`,
  };
  readonly label = input.required<string>();
  readonly name = input.required<string>();
  readonly type = input<'text' | 'email' | 'password'>('text');
  readonly autocomplete = input<string>();
  readonly hint = input('');
  readonly start = input('');
  readonly typed = output<string>();

  readonly error = signal('');
  protected readonly shown = signal(false);
  private readonly input = viewChild.required<ElementRef<HTMLInputElement>>('input');

  constructor() {
    afterNextRender(() => (this.input().nativeElement.value = this.start()));
  }

  value(): string {
    return this.input().nativeElement.value;
  }

  focus(): void {
    this.input().nativeElement.focus();
  }

  /** Complains where nothing was filled in; whether it was. */
  require(complaint: string): boolean {
    if (this.value() === '') this.error.set(complaint);
    return this.value() !== '';
  }
}
