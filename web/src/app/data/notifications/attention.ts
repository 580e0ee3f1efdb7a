import { OWN } from '../../core/base';

const NAME = `${OWN}looked-at`;

/**
 * Whether somebody looks at a tab of this client. Each tab that is looked at holds a lock which all may
 * share: it ends with the tab, however that ends.
 */
export class Attention {
  private leave: (() => void) | null = null;

  constructor(private readonly locks: LockManager) {
    const look = () => this.look();
    for (const event of ['focus', 'blur']) addEventListener(event, look);
    document.addEventListener('visibilitychange', look);
    look();
  }

  /** As much as counts a message as read: see `MessageList`. */
  get here(): boolean {
    return document.visibilityState === 'visible' && document.hasFocus();
  }

  /** In this tab or in another. */
  async anywhere(): Promise<boolean> {
    if (this.here) return true;
    const { held = [] } = await this.locks.query();
    return held.some(({ name }) => name === NAME);
  }

  private look(): void {
    if (this.here && !this.leave) {
      const left = new Promise<void>((leave) => (this.leave = leave));
      void this.locks.request(NAME, { mode: 'shared' }, () => left);
    } else if (!this.here) {
      this.leave?.();
      this.leave = null;
    }
  }
}
