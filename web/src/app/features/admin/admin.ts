import { Component, inject, signal } from '@angular/core';
import { Title } from '@angular/platform-browser';
import { RouterLink } from '@angular/router';

import { Icon } from '../../ui/icon';
import { Audit } from './audit';
import { Figures } from './figures';
import { Invites } from './invites';
import { People } from './people';
import { Reports } from './reports';

function sections() {
  return [
    { name: 'people', title: $localize`People`, icon: 'group' },
    { name: 'invites', title: $localize`Invites`, icon: 'plus' },
    { name: 'reports', title: $localize`Reports`, icon: 'warning' },
    { name: 'figures', title: $localize`Figures`, icon: 'info' },
    { name: 'audit', title: $localize`Log`, icon: 'file' },
  ] as const;
}

/** What admins see and do: a page beside the messenger. */
@Component({
  selector: 'aldis-admin',
  imports: [Audit, Figures, Icon, Invites, People, Reports, RouterLink],
  template: `
    <header class="admin-head">
      <a class="icon-button" routerLink="/" aria-label="Back to the messages" i18n-aria-label>
        <aldis-icon name="back" />
      </a>
      <h1>{{ words.heading }}</h1>
    </header>
    <nav class="admin-nav" aria-label="Administration" i18n-aria-label>
      @for (section of sections; track section.name) {
        <button
          type="button"
          class="menu-item"
          [attr.aria-current]="shown() === section ? 'true' : null"
          (click)="shown.set(section)"
        >
          <aldis-icon [name]="section.icon" />{{ section.title }}
        </button>
      }
    </nav>
    <main class="admin-main" tabindex="0" aria-labelledby="admin-heading">
      <h2 id="admin-heading">{{ shown().title }}</h2>
      @switch (shown().name) {
        @case ('people') {
          <aldis-admin-people />
        }
        @case ('invites') {
          <aldis-admin-invites />
        }
        @case ('reports') {
          <aldis-admin-reports />
        }
        @case ('figures') {
          <aldis-admin-figures />
        }
        @case ('audit') {
          <aldis-admin-audit />
        }
      }
    </main>
  `,
})
export class Admin {
  protected readonly words = { heading: $localize`Administration` };
  protected readonly sections = sections();
  protected readonly shown = signal<ReturnType<typeof sections>[number]>(this.sections[0]);

  constructor() {
    inject(Title).setTitle(`${this.words.heading} · Aldis`);
  }
}
