import { Component, type ElementRef, inject, signal, viewChild } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { Router } from '@angular/router';

import { explain } from '../../core/http/problem';
import { around } from '../../core/language/around';
import { plural } from '../../core/language/plural';
import { InvitationStore } from '../../data/invitations/invitation-store';
import type { Invitation } from '../../protocol/protocol';
import { Avatar } from '../../ui/avatar';
import { EachOnce } from '../../ui/each-once';

/** The groups that this person is invited to, above the list of conversations. */
@Component({
  selector: 'aldis-invitations',
  imports: [Avatar],
  template: `
    <p #said class="unseen" role="status" tabindex="-1">{{ done() }}</p>
    @if (failure()) {
      <p class="form-error invitations-failure" role="alert">{{ failure() }}</p>
    }
    @if (waiting().length > 0) {
      <section class="invitations" aria-labelledby="invitations-heading">
        <h2 id="invitations-heading">{{ words.invitations }}</h2>
        <ul>
          @for (invitation of waiting(); track invitation.conversationId) {
            @let invites = words.invites('@' + invitation.by);
            <li class="invitation">
              <aldis-avatar [name]="invitation.title" [username]="invitation.conversationId" [group]="true" />
              <span class="row-name" dir="auto">{{ invitation.title }}</span>
              <span class="invitation-note">
                {{ invites[0] }}<bdi>{{ invitation.byName }}</bdi
                >{{ invites[1] }} · {{ members(invitation) }}
              </span>
              <span class="invitation-actions">
                <button
                  type="button"
                  class="button"
                  [attr.aria-label]="words.acceptOf(invitation.title)"
                  [attr.aria-disabled]="busy(invitation)"
                  (click)="accept(invitation)"
                >
                  {{ words.accept }}
                </button>
                <button
                  type="button"
                  class="button quiet"
                  [attr.aria-label]="words.declineOf(invitation.title)"
                  [attr.aria-disabled]="busy(invitation)"
                  (click)="decline(invitation)"
                >
                  {{ words.decline }}
                </button>
              </span>
            </li>
          }
        </ul>
      </section>
    }
  `,
})
export class Invitations {
  protected readonly words = {
    invitations: $localize`Invitations`,
    invites: (by: string) => around((name) => $localize`${name}:name: (${by}:username:) invites you`),
    accept: $localize`Accept`,
    acceptOf: (group: string) => $localize`Accept the invitation to ${group}:group:`,
    decline: $localize`Decline`,
    declineOf: (group: string) => $localize`Decline the invitation to ${group}:group:`,
  };
  private readonly store = inject(InvitationStore);
  private readonly router = inject(Router);

  protected readonly waiting = toSignal(this.store.waiting$, { requireSync: true });
  private readonly answering = new EachOnce();
  protected readonly failure = signal('');
  /** What was done; it takes the focus of the line that is gone. */
  protected readonly done = signal('');
  private readonly said = viewChild.required<ElementRef<HTMLElement>>('said');

  protected members({ memberCount }: Invitation): string {
    return plural(memberCount, $localize`{count, plural, one {# member} other {# members}}`);
  }

  protected busy({ conversationId }: Invitation): boolean {
    return this.answering.has(conversationId);
  }

  protected accept({ conversationId: id, title }: Invitation): void {
    this.answer(id, async () => {
      await this.store.accept(id);
      this.done.set($localize`You are a member of ${title}:group:.`);
      await this.router.navigate(['/c', id]);
    });
  }

  protected decline({ conversationId: id, title }: Invitation): void {
    this.answer(id, async () => {
      await this.store.decline(id);
      this.done.set($localize`The invitation to ${title}:group: is declined.`);
      this.said().nativeElement.focus();
    });
  }

  private answer(id: string, work: () => Promise<void>): void {
    this.failure.set('');
    void this.answering.begin(id, () => work().catch((error: unknown) => this.failure.set(explain(error))));
  }
}
