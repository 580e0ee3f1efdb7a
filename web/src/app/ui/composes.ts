/**
 * Whether a key belongs to an input method that is composing. Safari ends the composition before the key that
 * confirms it is told, and says so by its code alone: https://bugs.webkit.org/show_bug.cgi?id=165004
 */
export function composes({ isComposing, keyCode }: KeyboardEvent): boolean {
  return isComposing || keyCode === 229;
}
