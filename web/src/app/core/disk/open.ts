import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

/** What the browser tells of a database while it is open. */
export interface Hooks {
  /** It must be let go of: another version is wanted, or nothing of it shall stay. */
  readonly blocking: () => void;
  /** It was taken away, as from a page in the background, or with everything this site had stored. */
  readonly terminated: () => void;
}

export interface Opened<S extends DBSchema> {
  readonly db: IDBPDatabase<S>;
  /** It was made just now, and is empty. */
  readonly created: boolean;
}

/** Opens a database; `create` makes its stores where there was none. */
export async function open<S extends DBSchema>(
  name: string,
  version: number,
  create: (db: IDBPDatabase<S>) => void,
  hooks: Hooks,
): Promise<Opened<S>> {
  let created = false;
  const db = await openDB<S>(name, version, {
    upgrade(db, from) {
      created = from === 0;
      if (created) create(db);
    },
    blocking: hooks.blocking,
    terminated: hooks.terminated,
  });
  return { db, created };
}
