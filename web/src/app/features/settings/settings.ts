import {
  afterNextRender,
  Component,
  computed,
  ElementRef,
  inject,
  Injector,
  output,
  signal,
  viewChild,
} from '@angular/core';

import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { About } from './about';
import { OwnAccount } from './account';
import { Appearance } from './appearance';
import { NotificationSettings } from './notification-settings';
import { Privacy } from './privacy';
import { Profile } from './profile';
import { Security } from './security';
import { StorageSettings } from './storage-settings';
import { Tokens } from './tokens';

function sections() {
  return [
    { name: 'profile', title: $localize`Profile`, icon: 'person' },
    { name: 'appearance', title: $localize`Appearance`, icon: 'light' },
    { name: 'notifications', title: $localize`Notifications`, icon: 'sound' },
    { name: 'privacy', title: $localize`Privacy`, icon: 'block' },
    { name: 'storage', title: $localize`Storage`, icon: 'file' },
    { name: 'security', title: $localize`Security`, icon: 'lock' },
    { name: 'about', title: $localize`About`, icon: 'info' },
    // For those who write programs.
    { name: 'tokens', title: $localize`API tokens`, icon: 'settings' },
    { name: 'account', title: $localize`Account`, icon: 'delete' },
  ] as const;
}

type Section = ReturnType<typeof sections>[number];

/** Everything a person can set: the sections beside one of them, or one of the two on a phone. */
@Component({
  selector: 'aldis-settings',
  imports: [
    About,
    Appearance,
    Dialog,
    Icon,
    NotificationSettings,
    OwnAccount,
    Privacy,
    Profile,
    Security,
    StorageSettings,
    Tokens,
  ],
  templateUrl: './settings.html',
  host: { '[class.inside]': 'chosen()' },
})
export class Settings {
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  private readonly injector = inject(Injector);
  readonly closed = output();

  protected readonly sections = sections();
  protected readonly chosen = signal<Section | null>(null);
  /** Where there is room, there is always one. */
  protected readonly shown = computed(() => this.chosen() ?? this.sections[0]);
  private readonly nav = viewChild.required<ElementRef<HTMLElement>>('nav');
  private readonly heading = viewChild.required<ElementRef<HTMLElement>>('heading');

  constructor() {
    // Esc and the back gesture of a phone lead out of a section first. The event does not bubble.
    this.host.addEventListener('cancel', (event) => this.cancelled(event), { capture: true });
  }

  protected choose(section: Section): void {
    this.chosen.set(section);
    // On a phone what was pressed is hidden now.
    this.later(() => this.nav().nativeElement.checkVisibility() || this.heading().nativeElement.focus());
  }

  protected back(): void {
    const index = this.sections.indexOf(this.shown());
    this.chosen.set(null);
    this.later(() => this.nav().nativeElement.querySelectorAll('button')[index]?.focus());
  }

  private cancelled(event: Event): void {
    const own = (event.target as Element).contains(this.nav().nativeElement);
    if (!own || !this.chosen() || this.nav().nativeElement.checkVisibility()) return;
    event.preventDefault();
    this.back();
  }

  private later(work: () => unknown): void {
    afterNextRender(() => void work(), { injector: this.injector });
  }
}
