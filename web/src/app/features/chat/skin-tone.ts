import { Service, signal } from '@angular/core';

import { OWN } from '../../core/base';
import { local } from '../../core/storage/storage';

const KEY = `${OWN}skin-tone`;
const NAMES = ['default', 'light', 'medium-light', 'medium', 'medium-dark', 'dark'] as const;

/** By its number, from 1, light; 0 is the yellow that is nobody's. */
export function keptTone(): number {
  const tone = Number(local.getItem(KEY));
  return tone in NAMES ? tone : 0;
}

/** The skin tone of hands and people that was chosen last in this browser. */
@Service()
export class SkinTone {
  private readonly kept = signal(keptTone());
  readonly tone = this.kept.asReadonly();

  get name(): string {
    return NAMES[this.tone()]!;
  }

  next(): void {
    this.kept.update((tone) => (tone + 1) % NAMES.length);
    local.setItem(KEY, String(this.kept()));
  }
}
