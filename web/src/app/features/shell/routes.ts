import { type Routes, type UrlMatcher, UrlSegment } from '@angular/router';

import { Faces } from '../../data/people/faces';
import { PICTURES } from '../../ui/avatar';
import { Chat } from '../chat/chat';
import { NothingChosen } from '../chat/nothing-chosen';
import { Shell } from './shell';

/**
 * `/@username`, in any spelling: the address of a conversation of two, which is there before its first
 * message.
 */
const handle: UrlMatcher = ([first, ...rest]) =>
  first && rest.length === 0 && /^@./.test(first.path)
    ? { consumed: [first], posParams: { username: new UrlSegment(first.path.slice(1), {}) } }
    : null;

export const routes: Routes = [
  {
    path: '',
    component: Shell,
    providers: [{ provide: PICTURES, useExisting: Faces }],
    children: [
      { path: '', pathMatch: 'full', title: 'Aldis', component: NothingChosen },
      { path: 'c/:id', component: Chat },
      { matcher: handle, component: Chat },
      { path: '**', redirectTo: '/' },
    ],
  },
];
