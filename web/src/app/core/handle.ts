// Who is who. The server keeps a username in the spelling it was registered with and compares it without case
// (ASCII letters only). Every comparison, key and address of a person in this client is made here.

/** A username in the form in which it is compared and used as a key. What is shown keeps its own spelling. */
export function handleOf(username: string): string {
  return username.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Whether two usernames are those of one person. Nobody is the same as nobody. */
export function sameUser(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && (a === b || handleOf(a) === handleOf(b));
}

/** Whether a list of usernames has this person. */
export function hasUser(usernames: readonly string[] | undefined, username: string): boolean {
  return usernames?.some((one) => sameUser(one, username)) ?? false;
}

/** The one of these people who has this username. */
export function findUser<T extends { readonly username: string }>(
  people: readonly T[],
  username: string,
): T | undefined {
  return people.find((person) => sameUser(person.username, username));
}

/** These people but the one who has this username. */
export function withoutUser<T extends { readonly username: string }>(
  people: readonly T[],
  username: string,
): T[] {
  return people.filter((person) => !sameUser(person.username, username));
}

/** A username as somebody typed it, without the white space and the `@` around it; the spelling stays. */
export function typedUsername(typed: string): string {
  return typed.trim().replace(/^@/, '');
}

/** Where the router finds the conversation with a person. */
export function linkToUser(username: string): string {
  return `/@${username}`;
}

/** A map by username in any spelling. Its keys are handles. */
export class UserMap<T> extends Map<string, T> {
  override get(username: string): T | undefined {
    return super.get(handleOf(username));
  }

  override has(username: string): boolean {
    return super.has(handleOf(username));
  }

  override set(username: string, value: T): this {
    return super.set(handleOf(username), value);
  }

  override delete(username: string): boolean {
    return super.delete(handleOf(username));
  }
}

/** A set of usernames in any spelling. It holds handles. */
export class UserSet extends Set<string> {
  override has(username: string): boolean {
    return super.has(handleOf(username));
  }

  override add(username: string): this {
    return super.add(handleOf(username));
  }

  override delete(username: string): boolean {
    return super.delete(handleOf(username));
  }
}

/**
 * Display names by username, as a chat needs them; those of `others` are the names of people who left.
 * Whoever shares a name with another is shown with the username, too.
 */
export function namesOf(
  people: readonly { readonly username: string; readonly displayName: string }[],
  others: Iterable<readonly [string, string]> = [],
): UserMap<string> {
  const named = new UserMap<readonly [string, string]>();
  // A member's own name replaces the one remembered of them.
  for (const name of [
    ...others,
    ...people.map(({ username, displayName }) => [username, displayName] as const),
  ])
    named.set(name[0], name);
  const folded = [...named.values()].map(([, name]) => name.normalize('NFKC').toLowerCase());
  const shared = (name: string) => folded.indexOf(name) !== folded.lastIndexOf(name);
  return new UserMap(
    [...named].map(([handle, [username, name]], index) => [
      handle,
      shared(folded[index]!) ? `${name} (@${username})` : name,
    ]),
  );
}
