/** To the other tabs; none where the browser forbids all that tabs share. */
export function channel(name: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}
