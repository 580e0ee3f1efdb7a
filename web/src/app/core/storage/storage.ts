/** What the client uses of the browser's small storage. */
export type Area = Pick<Storage, 'length' | 'key' | 'getItem' | 'setItem' | 'removeItem'>;

/** In place of a storage that the browser forbids: it lasts as long as the page. */
class Memory implements Area {
  private readonly items = new Map<string, string>();

  get length(): number {
    return this.items.size;
  }

  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }

  removeItem(key: string): void {
    this.items.delete(key);
  }
}

/** Whoever blocks all cookies forbids storage, too: then even a look at it throws. */
function area(name: 'localStorage' | 'sessionStorage'): Area {
  try {
    return globalThis[name] ?? new Memory();
  } catch {
    return new Memory();
  }
}

/** Shared by all tabs, and kept. */
export const local = area('localStorage');

/** Of this tab, as long as it lives. */
export const tab = area('sessionStorage');

/** Nothing in `local` outlives the page. */
export const forbidden = local instanceof Memory;

export function keysOf(area: Area, prefix: string): string[] {
  return Array.from({ length: area.length }, (_, index) => area.key(index) ?? '').filter((key) =>
    key.startsWith(prefix),
  );
}
