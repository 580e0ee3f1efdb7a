import { inject } from '@angular/core';
import { Router, type Routes, type UrlMatcher, UrlSegment } from '@angular/router';

import { AuthService } from '../../core/session/auth-service';
import { Faces } from '../../data/people/faces';
import { PICTURES } from '../../ui/avatar';
import { uncover } from '../../ui/covered';
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

/** Back closes what lies over the page, or ends selecting in it; the next one leaves it. */
const leaves = (page: Chat | NothingChosen) => {
  if (inject(Router).currentNavigation()?.trigger !== 'popstate') return true;
  return !uncover() && !(page instanceof Chat && page.endSelecting());
};

const pictures = [{ provide: PICTURES, useExisting: Faces }];

export const routes: Routes = [
  {
    path: 'admin',
    canMatch: [() => inject(AuthService).user?.role === 'admin'],
    providers: pictures,
    loadComponent: () => import('../../rare').then((m) => m.Admin),
  },
  {
    path: '',
    component: Shell,
    providers: pictures,
    children: [
      { path: '', pathMatch: 'full', title: 'Aldis', component: NothingChosen, canDeactivate: [leaves] },
      { path: 'c/:id', component: Chat, canDeactivate: [leaves] },
      { matcher: handle, component: Chat, canDeactivate: [leaves] },
      { path: '**', redirectTo: '/' },
    ],
  },
];
