import { Component, computed, input } from '@angular/core';

/** Drawn on 24 × 24, as strokes. */
const PATHS = {
  attach:
    'M19.5 11.5l-7.6 7.6a4.6 4.6 0 0 1-6.5-6.5l8-8a3.1 3.1 0 0 1 4.4 4.4l-8 8a1.5 1.5 0 0 1-2.1-2.1l7.3-7.4',
  back: 'M15 5l-7 7 7 7',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  close: 'M6 6l12 12M18 6L6 18',
  down: 'M6 9l6 6 6-6',
  group:
    'M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M2.5 19.5a6.5 6.5 0 0 1 13 0M15.5 5.2a3.5 3.5 0 0 1 0 6.6M18 14.2a6.5 6.5 0 0 1 3.5 5.3',
  info: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 11.5v4M12 8.2h.01',
  microphone: 'M12 4a3 3 0 0 0-3 3v4a3 3 0 0 0 6 0V7a3 3 0 0 0-3-3M6 11a6 6 0 0 0 12 0M12 17v3',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  muted: 'M6 16V11a6 6 0 0 1 9.3-5M18 11v5M4 16.5h11M10 20h4M4 4l16 16',
  block: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M6.4 6.4l11.2 11.2',
  pin: 'M9 4h6l-1 6 3 3v2H7v-2l3-3zM12 15v5',
  react: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M8.7 14a4 4 0 0 0 6.6 0M9.3 9.6h.01M14.7 9.6h.01',
  write: 'M20 12v8H4V4h8M9 15l.6-3L18 3.6l2.4 2.4L12 14.4z',
  reply: 'M10 6L4 12l6 6M4 12h9a7 7 0 0 1 7 6.5',
  search: 'M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12M15.5 15.5L20 20',
  send: 'M4.5 12L3 4l18 8-18 8 1.5-8zM4.5 12H12',
  unplugged:
    'M3 3l18 18M8.5 15.5a5 5 0 0 1 5-1.3M5 12a10 10 0 0 1 4-2.5M2 8.5A15 15 0 0 1 6 6M19 12a10 10 0 0 0-5-2.8M22 8.5A15 15 0 0 0 11 5M12 19h.01',
} as const;

/** Those of parts that are loaded later, which bring what is drawn: `rare-icons.ts`. */
type RareIconName =
  | 'archive'
  | 'chat'
  | 'copy'
  | 'dark'
  | 'filter'
  | 'delete'
  | 'edit'
  | 'file'
  | 'forward'
  | 'light'
  | 'leave'
  | 'lock'
  | 'open'
  | 'pause'
  | 'person'
  | 'picture'
  | 'play'
  | 'plus'
  | 'save'
  | 'settings'
  | 'sound'
  | 'system'
  | 'unread'
  | 'up'
  | 'warning'
  | 'zoomIn'
  | 'zoomOut';

export type IconName = keyof typeof PATHS | RareIconName;

const paths: Partial<Record<IconName, string>> = { ...PATHS };

export function addIcons(more: Record<RareIconName, string>): void {
  Object.assign(paths, more);
}

/** A picture beside words, or in a button that has a name of its own: never read out. */
@Component({
  selector: 'aldis-icon',
  template: `<svg viewBox="0 0 24 24" aria-hidden="true" [attr.data-icon]="name()">
    <path [attr.d]="path()" />
  </svg>`,
})
export class Icon {
  readonly name = input.required<IconName>();
  protected readonly path = computed(() => paths[this.name()]);
}
