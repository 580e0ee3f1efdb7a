import { Component, inject, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { Api } from '../../core/api/api';
import { BASE } from '../../core/base';
import { explain, Failure, isProblem } from '../../core/http/problem';
import { serverNow } from '../../core/http/server-time';
import { AuthService } from '../../core/session/auth-service';
import { Icon } from '../../ui/icon';
import { DeleteAccount } from './delete-account';

/** A copy of what the server has of a person, and the end of their account. */
@Component({
  selector: 'aldis-own-account',
  imports: [DeleteAccount, Icon],
  template: `
    <p class="settings-note">{{ words.copy }}</p>
    <button type="button" class="details-action" [attr.aria-disabled]="saving()" (click)="save()">
      <aldis-icon name="save" />{{ words.save }}
    </button>
    <p class="settings-note" role="status">{{ said() }}</p>
    @if (failure()) {
      <p class="form-error" role="alert">{{ failure() }}</p>
    }
    <h4>{{ words.end }}</h4>
    <p class="settings-note">{{ words.forGood }}</p>
    <button type="button" class="details-action danger" (click)="deleting.set(true)">
      <aldis-icon name="delete" />{{ words.delete }}
    </button>
    @if (deleting() && user(); as user) {
      <aldis-delete-account [username]="user.username" (closed)="deleting.set(false)" />
    }
  `,
})
export class OwnAccount {
  protected readonly words = {
    copy: $localize`Everything the server has of you, as a ZIP file: your profile, conversations, messages and files. Once an hour.`,
    save: $localize`Download my data`,
    end: $localize`Leave for good`,
    forGood: $localize`Your profile and your files are erased, and nobody can bring them back.`,
    delete: $localize`Delete my account`,
  };
  private readonly api = inject(Api);
  protected readonly user = toSignal(inject(AuthService).user$, { requireSync: true });
  protected readonly saving = signal(false);
  protected readonly said = signal('');
  protected readonly failure = signal('');
  protected readonly deleting = signal(false);

  protected async save(): Promise<void> {
    if (this.saving()) return;
    this.saving.set(true);
    this.failure.set('');
    this.said.set($localize`Your data is being collected. Large accounts take a while.`);
    try {
      keep(await this.api.authorized(archive), `aldis-${this.user()!.username}-${day()}.zip`);
      this.said.set($localize`Your data is downloaded.`);
    } catch (error) {
      this.said.set('');
      this.failure.set(explain(error));
    } finally {
      this.saving.set(false);
    }
  }
}

/** It takes as long as it takes: no deadline. The browser keeps a large one on the disk. */
async function archive(token: string): Promise<Blob> {
  const headers = { authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await fetch(`${BASE}/auth/export`, { headers, cache: 'no-store', credentials: 'omit' });
    if (response.ok) return await response.blob();
  } catch {
    throw new Failure(null);
  }
  const answer: unknown = await response.json().catch(() => null);
  throw new Failure(isProblem(answer) ? answer : null);
}

function day(): string {
  return new Date(serverNow()).toISOString().slice(0, 10);
}

function keep(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // Once the browser has begun to write it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
