import { Service, signal } from '@angular/core';

import { UserMap } from '../../core/handle';

/** The names of people who are not members any more where they are shown: see `name-reads.ts`. */
@Service()
export class Names {
  readonly known = signal<UserMap<string>>(new UserMap());
}
