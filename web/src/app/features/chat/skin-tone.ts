import { computed, Service, signal } from '@angular/core';

import { OWN } from '../../core/base';
import { local } from '../../core/storage/storage';

const KEY = `${OWN}skin-tone`;
/** From light to dark, as many as Unicode has, and the yellow. */
const COUNT = 6;

/** By its number, from 1, light; 0 is the yellow that is nobody's. */
export function keptTone(): number {
  const tone = Number(local.getItem(KEY));
  return Number.isInteger(tone) && tone > 0 && tone < COUNT ? tone : 0;
}

/** The skin tone of hands and people that was chosen last in this browser. */
@Service()
export class SkinTone {
  private readonly kept = signal(keptTone());
  readonly tone = this.kept.asReadonly();

  readonly label = computed(
    () =>
      [
        $localize`Skin tone: default`,
        $localize`Skin tone: light`,
        $localize`Skin tone: medium-light`,
        $localize`Skin tone: medium`,
        $localize`Skin tone: medium-dark`,
        $localize`Skin tone: dark`,
      ][this.tone()]!,
  );

  next(): void {
    this.kept.update((tone) => (tone + 1) % COUNT);
    local.setItem(KEY, String(this.kept()));
  }
}
