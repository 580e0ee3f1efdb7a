import { BASE } from '../../core/base';
import type { SystemNotification } from './notification';

const ICON = `${BASE}/icon-192.png`;

/** Where the system shows notices: by the worker where there is one, since Android knows no other way. */
export class Board {
  /** By tag: what is shown, and of which message. */
  private readonly shown = new Map<string, { message: string; close: () => void }>();

  constructor(private readonly open: (url: string) => void) {}

  get tags(): string[] {
    return [...this.shown.keys()];
  }

  /** `silent`: the system makes no sound of its own. */
  async show({ title, body, tag, message, url }: SystemNotification, silent: boolean): Promise<void> {
    // Understood by the worker of Angular: it goes to a tab of ours, or opens one.
    const data = {
      url,
      message,
      onActionClick: { default: { operation: 'focusLastFocusedOrOpen', url: BASE + url } },
    };
    const options = { body, tag, icon: ICON, badge: ICON, renotify: true, silent, data };
    const registration = await worker();
    if (registration) {
      await registration.showNotification(title, options);
      return this.hold(await registration.getNotifications({ tag }));
    }
    const notification = new Notification(title, options);
    notification.onclick = () => {
      notification.close();
      window.focus();
      this.open(url);
    };
    this.shown.set(tag, { message, close: () => notification.close() });
  }

  /** Takes down that of a conversation; with a message, only if it is of that. */
  close(tag: string, message?: string): void {
    const shown = this.shown.get(tag);
    if (!shown || (message && shown.message !== message)) return;
    this.shown.delete(tag);
    shown.close();
  }

  /** At once: the page may be about to end. */
  clear(): void {
    for (const tag of this.tags) this.close(tag);
  }

  /** What an earlier tab put up is this one's to take down. */
  async takeOver(): Promise<void> {
    this.hold((await (await worker())?.getNotifications()) ?? []);
  }

  private hold(notifications: readonly Notification[]): void {
    for (const notification of notifications) {
      const { message } = notification.data as { message: string };
      this.shown.set(notification.tag, { message, close: () => notification.close() });
    }
  }
}

async function worker(): Promise<ServiceWorkerRegistration | undefined> {
  const registration = await navigator.serviceWorker?.getRegistration();
  return registration?.active ? registration : undefined;
}
