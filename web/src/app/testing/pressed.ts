// What the tests of forms share.
import { type ComponentFixture, TestBed } from '@angular/core/testing';
import type { Type } from '@angular/core';
import { vi } from 'vitest';

/** A call whose answers come when the test gives them. */
export class HeldCall<T> {
  readonly asked: unknown[][] = [];
  private readonly answers: PromiseWithResolvers<T>[] = [];

  readonly call = (...parameters: unknown[]): Promise<T> => {
    this.asked.push(parameters);
    const answer = Promise.withResolvers<T>();
    this.answers.push(answer);
    return answer.promise;
  };

  async answer(value: T): Promise<void> {
    this.answers.shift()!.resolve(value);
    await settled();
  }

  async refuse(error: unknown): Promise<void> {
    this.answers.shift()!.reject(error);
    await settled();
  }
}

/** A component, with what a person does to it. */
export class Shown {
  private constructor(private readonly fixture: ComponentFixture<unknown>) {}

  static async of(component: Type<unknown>, inputs: object = {}): Promise<Shown> {
    // The test's page has no dialogs.
    Object.assign(HTMLDialogElement.prototype, { showModal: vi.fn(), close: vi.fn() });
    const fixture = TestBed.createComponent(component);
    for (const [name, value] of Object.entries(inputs)) fixture.componentRef.setInput(name, value);
    const shown = new Shown(fixture);
    await shown.stable();
    return shown;
  }

  async give(input: string, value: unknown): Promise<void> {
    this.fixture.componentRef.setInput(input, value);
    await this.stable();
  }

  async fill(name: string, value: string): Promise<void> {
    await this.fillIn(`input[name="${name}"], input#${name}`, value);
  }

  async fillIn(selector: string, value: string): Promise<void> {
    const field = this.page.querySelector<HTMLInputElement>(selector)!;
    field.value = value;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await this.stable();
  }

  async enter(selector: string): Promise<void> {
    this.page
      .querySelector(selector)!
      .dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', cancelable: true }));
    await this.stable();
  }

  async submit(): Promise<void> {
    this.page.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }));
    await this.stable();
  }

  /** Chooses one of several, by its value. */
  async choose(value: string): Promise<void> {
    this.page.querySelector<HTMLInputElement>(`input[type="radio"][value="${value}"]`)!.click();
    await this.stable();
  }

  async press(name: string): Promise<void> {
    [...this.page.querySelectorAll('button')]
      .find((button) => (button.getAttribute('aria-label') ?? button.textContent).includes(name))!
      .click();
    await this.stable();
  }

  leave(): void {
    this.fixture.destroy();
  }

  async text(): Promise<string> {
    await this.stable();
    return this.page.textContent;
  }

  private get page(): HTMLElement {
    return this.fixture.nativeElement as HTMLElement;
  }

  private async stable(): Promise<void> {
    await settled();
    await this.fixture.whenStable();
  }
}

/** What was answered has been heard. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
