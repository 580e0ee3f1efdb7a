const turns = new Map<string, Promise<unknown>>();

/**
 * Runs `work` while no other tab of this origin runs work of the same name. Where the browser has no locks
 * (plain HTTP on another host), at least this tab takes turns with itself.
 */
export function locked<T>(name: string, work: () => Promise<T>): Promise<T> {
  const { locks } = navigator as { locks?: LockManager };
  if (locks) return locks.request(name, work) as Promise<T>;
  const turn = (turns.get(name) ?? Promise.resolve()).then(work, work);
  turns.set(name, turn.catch(() => undefined));
  return turn;
}
