import { Component, type ElementRef, output, signal, viewChild } from '@angular/core';

import './code-styles';

const LENGTH = 6;

/** Takes a one-time code. Whatever is pasted, only digits stay. */
@Component({
  selector: 'aldis-code-field',
  template: `
    <label class="field-label" for="code">{{ words.code }}</label>
    <input
      #input
      id="code"
      class="field-input code-input"
      inputmode="numeric"
      autocomplete="one-time-code"
      pattern="[0-9]*"
      [attr.aria-invalid]="error() ? true : null"
      aria-describedby="code-note"
      (input)="typed()"
    />
    <p id="code-note" class="field-note" [class.wrong]="error()" role="alert">{{ error() }}</p>
  `,
})
export class CodeField {
  protected readonly words = { code: $localize`Six-digit code` };
  /** The sixth digit was entered. */
  readonly entered = output();
  readonly error = signal('');
  private readonly input = viewChild.required<ElementRef<HTMLInputElement>>('input');

  value(): string {
    return this.input().nativeElement.value;
  }

  focus(): void {
    this.input().nativeElement.focus();
  }

  /** Selects a code that was refused, so that the next one replaces it; another may be half typed by now. */
  refuse(code: string): void {
    if (this.value() === code) this.input().nativeElement.select();
  }

  /** Complains where digits are missing; whether none are. */
  require(): boolean {
    const whole = this.value().length === LENGTH;
    if (!whole) this.error.set($localize`The code has six digits.`);
    return whole;
  }

  protected typed(): void {
    const field = this.input().nativeElement;
    const digits = field.value.replace(/\D/g, '').slice(0, LENGTH);
    if (digits !== field.value) field.value = digits;
    this.error.set('');
    if (digits.length === LENGTH) this.entered.emit();
  }
}
