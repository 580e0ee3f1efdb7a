import { Component, computed } from '@angular/core';

import { install, offer } from '../../core/app/install';
import { BASE } from '../../core/base';
import { request } from '../../core/http/request';
import { Icon } from '../../ui/icon';
import { Resource, ResourceState } from './resource';

/** What this is, and where to read more. */
@Component({
  selector: 'aldis-about',
  imports: [ResourceState, Icon],
  template: `
    <div class="settings-line">
      <svg class="mark" viewBox="3 5 26 22" aria-hidden="true"><use href="#mark" /></svg>
      <span class="settings-text">
        Aldis
        <span class="settings-note">{{ note() }}</span>
      </span>
    </div>
    <aldis-resource [what]="version" />
    @if (offer()) {
      <button type="button" class="details-action" (click)="install()">
        <aldis-icon name="down" />{{ words.install }}
      </button>
    }
    <a class="details-action" [href]="base + '/docs'" target="_blank" rel="noopener">
      <aldis-icon name="info" />{{ words.programs }}
    </a>
    <a class="details-action" [href]="base + '/3rdpartylicenses.txt'" target="_blank" rel="noopener">
      <aldis-icon name="copy" />{{ words.licences }}
    </a>
  `,
})
export class About {
  protected readonly words = {
    install: $localize`Install Aldis`,
    programs: $localize`For programs: how to use this server`,
    licences: $localize`Licences`,
  };
  protected readonly base = BASE;
  protected readonly offer = offer;
  protected readonly install = install;
  /** The server says which it is; the client comes with it. */
  protected readonly version = new Resource(
    async () => (await request<{ info: { version: string } }>('GET', '/openapi.json')).info.version,
  );
  protected readonly note = computed(() => {
    const version = this.version.value();
    return version
      ? $localize`Version ${version}:version:`
      : $localize`Messages that arrive, once and in order.`;
  });
}
