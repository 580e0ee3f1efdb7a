const turns = new Map<string, Promise<unknown>>();

/**
 * Runs `work` while no other tab of this origin runs work of the same name. Where the browser has no locks
 * (plain HTTP on another host) or gives none (all cookies are blocked), at least this tab takes turns with
 * itself.
 */
export function locked<T>(name: string, work: () => Promise<T>): Promise<T> {
  const { locks } = navigator as { locks?: LockManager };
  if (!locks) return inTurn(name, work);
  let begun = false;
  const begin = () => {
    begun = true;
    return work();
  };
  return (locks.request(name, begin) as Promise<T>).catch((error: unknown) => {
    if (begun) throw error;
    return inTurn(name, work);
  });
}

function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
  const turn = (turns.get(name) ?? Promise.resolve()).then(work, work);
  turns.set(
    name,
    turn.catch(() => undefined),
  );
  return turn;
}
