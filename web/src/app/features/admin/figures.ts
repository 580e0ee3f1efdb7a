import { Component, inject } from '@angular/core';

import { Api } from '../../core/api/api';
import { fullTime } from '../../core/format/time';
import { number, plural } from '../../core/language/plural';
import { fileSize } from '../../data/attachments/size';
import type { ServerStats } from '../../protocol/protocol';
import { Resource, ResourceState } from '../settings/resource';

interface Figure {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
}

/** How much there is on the server. */
@Component({
  selector: 'aldis-admin-figures',
  imports: [ResourceState],
  template: `
    <aldis-resource [what]="stats" />
    @if (stats.value(); as stats) {
      <dl class="figures">
        @for (figure of figures(stats); track figure.name) {
          <div class="figure">
            <dt>{{ figure.name }}</dt>
            <dd>
              {{ figure.value }}
              @if (figure.note) {
                <span class="settings-note">{{ figure.note }}</span>
              }
            </dd>
          </div>
        }
      </dl>
      <p class="settings-note">{{ counted(stats) }}</p>
      <button type="button" class="button quiet" (click)="again()">{{ words.again }}</button>
    }
  `,
})
export class Figures {
  protected readonly words = { again: $localize`Look again` };
  private readonly api = inject(Api);
  protected readonly stats = new Resource(() => this.api.call<ServerStats>('GET', '/admin/stats'));

  protected again(): void {
    void this.stats.again();
  }

  protected figures(stats: ServerStats): Figure[] {
    const verified = plural(stats.verified, $localize`{count, plural, one {# verified} other {# verified}}`);
    const disabled = plural(stats.disabled, $localize`{count, plural, one {# shut out} other {# shut out}}`);
    return [
      { name: $localize`People`, value: number(stats.people), note: `${verified} · ${disabled}` },
      { name: $localize`Conversations`, value: number(stats.conversations) },
      { name: $localize`Messages`, value: number(stats.messages) },
      { name: $localize`Files`, value: number(stats.files), note: fileSize(stats.fileBytes) },
      { name: $localize`Devices logged in`, value: number(stats.sessions) },
      { name: $localize`Connected now`, value: number(stats.sockets) },
    ];
  }

  protected counted({ at }: ServerStats): string {
    return $localize`Counted on ${fullTime(new Date(at))}:time:, at most once a minute.`;
  }
}
