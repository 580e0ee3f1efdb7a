import { NgTemplateOutlet } from '@angular/common';
import { Component, type ElementRef, effect, inject, input, output, viewChild } from '@angular/core';

import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { NavigationStart, Router } from '@angular/router';

import { SearchPanel } from '../../data/search/search-panel';
import type { Conversation, ConversationId } from '../../protocol/protocol';
import { Icon } from '../../ui/icon';
import { Wide } from '../../ui/wide';
import { GroupDetails } from './group-details';
import { PersonDetails } from './person-details';

/** About the conversation: a column beside it where there is room, else a sheet over it. */
@Component({
  selector: 'aldis-details',
  imports: [GroupDetails, Icon, NgTemplateOutlet, PersonDetails],
  template: `
    <ng-template #content>
      <header class="details-head">
        <h2>{{ conversation()?.kind === 'group' ? words.group : words.person }}</h2>
        @if (conversation(); as conversation) {
          <button
            type="button"
            class="icon-button"
            aria-label="Search messages"
            i18n-aria-label
            title="Search messages"
            i18n-title
            (click)="search(conversation.id)"
          >
            <aldis-icon name="search" />
          </button>
        }
        <button
          type="button"
          class="icon-button"
          aria-label="Close details"
          i18n-aria-label
          (click)="close()"
        >
          <aldis-icon name="close" />
        </button>
      </header>
      <div class="details-body">
        @if (conversation(); as conversation) {
          @if (conversation.kind === 'group') {
            <!-- One for each group: what is begun in one never goes on in another. -->
            @for (group of [conversation]; track group.id) {
              <aldis-group-details [group]="group" (gone)="close()" />
            }
          } @else {
            <aldis-person-details [conversation]="conversation" [username]="username()" [title]="title()" />
          }
        } @else {
          <aldis-person-details [username]="username()" [title]="title()" />
        }
      </div>
    </ng-template>
    @if (wide()) {
      <aside class="details" aria-label="Details" i18n-aria-label tabindex="-1" (keydown.escape)="close()">
        <ng-container [ngTemplateOutlet]="content" />
      </aside>
    } @else {
      <dialog
        #sheet
        class="details sheet"
        aria-label="Details"
        i18n-aria-label
        (close)="closed.emit()"
        (mousedown)="outside($event)"
      >
        <ng-container [ngTemplateOutlet]="content" />
      </dialog>
    }
  `,
})
export class Details {
  protected readonly words = {
    group: $localize`Group`,
    person: $localize`Person`,
  };
  /** Not there before the first message between two. */
  readonly conversation = input<Conversation>();
  readonly username = input('');
  readonly title = input.required<string>();
  readonly closed = output();

  protected readonly wide = inject(Wide).wide;
  private readonly panel = inject(SearchPanel);
  private readonly sheet = viewChild<ElementRef<HTMLDialogElement>>('sheet');

  constructor() {
    effect(() => this.sheet()?.nativeElement.showModal());
    // A sheet would lie over what one goes to.
    inject(Router)
      .events.pipe(takeUntilDestroyed())
      .subscribe((event) => {
        if (event instanceof NavigationStart && this.sheet()) this.closed.emit();
      });
  }

  protected search(id: ConversationId): void {
    if (this.sheet()) this.close();
    this.panel.within.set(id);
  }

  protected close(): void {
    const sheet = this.sheet()?.nativeElement;
    if (sheet) sheet.close();
    else this.closed.emit();
  }

  protected outside(event: MouseEvent): void {
    if (event.target === this.sheet()?.nativeElement) this.close();
  }
}
