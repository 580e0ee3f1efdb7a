import { Service, signal } from '@angular/core';

import { OWN } from '../base';
import { local } from '../storage/storage';

const KEY = `${OWN}send`;
const CONTROL = 'control';

/** Whether Enter alone sends a message in this browser, or Ctrl+Enter (⌘+Enter), which always does. */
@Service()
export class SendKey {
  private readonly kept = signal(local.getItem(KEY) !== CONTROL);
  readonly enter = this.kept.asReadonly();

  constructor() {
    addEventListener('storage', ({ key }) => {
      if (key === null || key === KEY) this.kept.set(local.getItem(KEY) !== CONTROL);
    });
  }

  choose(enter: boolean): void {
    if (enter) local.removeItem(KEY);
    else local.setItem(KEY, CONTROL);
    this.kept.set(enter);
  }
}
