/** Puts a value into a map as its newest. Above `most` the oldest goes, and is given. */
export function keepNewest<Key, Value>(
  map: Map<Key, Value>,
  key: Key,
  value: Value,
  most: number,
): Value | undefined {
  // The newest are last.
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return undefined;
  const [[oldest, gone] = []] = map;
  map.delete(oldest as Key);
  return gone;
}
