import { Component, inject, signal } from '@angular/core';

import { Api } from '../../core/api/api';
import { Clock } from '../../core/clock';
import type { Report } from '../../protocol/protocol';
import { dayWithin } from '../settings/day';
import { ResourceState } from '../settings/resource';
import { More, Paged } from './paged';
import { ReportView } from './report';

/** What people reported, the latest first. */
@Component({
  selector: 'aldis-admin-reports',
  imports: [More, ReportView, ResourceState],
  template: `
    <p class="settings-note">{{ words.what }}</p>
    <aldis-resource [what]="reports" />
    @if (reports.value(); as page) {
      <ul>
        @for (report of page.items; track report.id) {
          <li class="settings-line">
            <span class="settings-text">
              {{ title(report) }}
              @for (mark of marks(report); track mark) {
                <span class="admin-mark">{{ mark }}</span>
              }
              @if (report.reason) {
                <span class="admin-reason" dir="auto">{{ report.reason }}</span>
              }
              <span class="settings-note">{{ about(report) }}</span>
            </span>
            <button
              type="button"
              class="button quiet"
              [attr.aria-label]="words.openOf(report.by, report.username)"
              (click)="opened.set(report)"
            >
              {{ words.open }}
            </button>
          </li>
        } @empty {
          <li class="settings-note">{{ words.nothing }}</li>
        }
      </ul>
      <aldis-more [of]="reports" />
    }
    @if (opened(); as report) {
      <aldis-admin-report [report]="report" (changed)="changed($event)" (closed)="opened.set(null)" />
    }
  `,
})
export class Reports {
  protected readonly words = {
    what: $localize`What people tell the admins. Those that are done are kept for 90 days.`,
    open: $localize`View`,
    openOf: (by: string, of: string) => $localize`View the report of @${by}:reporter: about @${of}:username:`,
    nothing: $localize`Nobody has reported anything.`,
  };
  private readonly api = inject(Api);
  private readonly now = inject(Clock).day;

  protected readonly reports = new Paged<Report>((next) =>
    this.api.call('GET', `/admin/reports${next ? `?next=${encodeURIComponent(next)}` : ''}`),
  );
  protected readonly opened = signal<Report | null>(null);

  protected title({ username, messageId }: Report): string {
    return messageId ? $localize`A message by @${username}:username:` : `@${username}`;
  }

  protected marks({ resolvedAt, removedAt }: Report): string[] {
    return [
      ...(resolvedAt ? [$localize`Dealt with`] : []),
      ...(removedAt ? [$localize`Message removed`] : []),
    ];
  }

  protected about({ by, createdAt }: Report): string {
    return $localize`reported ${dayWithin(createdAt, this.now())}:day: by @${by}:username:`;
  }

  protected changed(report: Report): void {
    this.opened.set(report);
    this.reports.change((others) => others.map((one) => (one.id === report.id ? report : one)));
  }
}
