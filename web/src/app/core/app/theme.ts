import { DOCUMENT, inject, Service } from '@angular/core';
import { BehaviorSubject } from 'rxjs';

import { OWN } from '../base';
import { local } from '../storage/storage';

/** Light or dark, and how large: as the system says, unless the person chose. */
export interface ThemeChoices {
  readonly theme: string;
  readonly text: string;
}

export type Aspect = keyof ThemeChoices;

/** Nothing is kept of these. */
const USUAL: ThemeChoices = { theme: 'system', text: 'usual' };
const ASPECTS = ['theme', 'text'] as const;
const keyOf = (aspect: Aspect) => OWN + aspect;

/**
 * How the client looks in this browser, in all tabs. `public/theme.js` applies it before the first paint,
 * also where the storage is forbidden.
 */
@Service()
export class Theme {
  private readonly root = inject(DOCUMENT).documentElement;
  private readonly choices = new BehaviorSubject<ThemeChoices>(kept());
  readonly choices$ = this.choices.asObservable();

  constructor() {
    addEventListener('storage', ({ key }) => {
      if (key === null || ASPECTS.some((aspect) => key === keyOf(aspect))) this.apply();
    });
  }

  choose(aspect: Aspect, choice: string): void {
    if (choice === USUAL[aspect]) local.removeItem(keyOf(aspect));
    else local.setItem(keyOf(aspect), choice);
    this.apply();
  }

  private apply(): void {
    const choices = kept();
    for (const aspect of ASPECTS) {
      if (choices[aspect] === USUAL[aspect]) this.root.removeAttribute(`data-${aspect}`);
      else this.root.setAttribute(`data-${aspect}`, choices[aspect]);
    }
    this.choices.next(choices);
  }
}

function kept(): ThemeChoices {
  const of = (aspect: Aspect) => local.getItem(keyOf(aspect)) ?? USUAL[aspect];
  return { theme: of('theme'), text: of('text') };
}
