import { DOCUMENT, inject, Service } from '@angular/core';
import { BehaviorSubject } from 'rxjs';

export type Choice = 'system' | 'light' | 'dark';

const KEY = 'aldis:theme';

/** Light or dark: as the system says, unless the person chose. `public/theme.js` applies it before the first paint. */
@Service()
export class Theme {
  private readonly root = inject(DOCUMENT).documentElement;
  private readonly choice = new BehaviorSubject<Choice>((localStorage.getItem(KEY) as Choice | null) ?? 'system');
  readonly choice$ = this.choice.asObservable();

  choose(choice: Choice): void {
    if (choice === 'system') {
      localStorage.removeItem(KEY);
      delete this.root.dataset['theme'];
    } else {
      localStorage.setItem(KEY, choice);
      this.root.dataset['theme'] = choice;
    }
    this.choice.next(choice);
  }
}
