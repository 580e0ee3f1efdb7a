/** The sign around words that a key means. */
export function signOf({ key, ctrlKey, metaKey, shiftKey, altKey }: KeyboardEvent): string | undefined {
  const pressed = `${shiftKey ? 'shift ' : ''}${key.toLowerCase()}`;
  return (ctrlKey || metaKey) && !altKey ? SIGNS[pressed] : undefined;
}

const SIGNS: Readonly<Record<string, string>> = { b: '*', i: '_', 'shift x': '~', e: '`' };

/** Puts a text in place of another, as if it was typed: where the field has the focus, undoing takes it back. */
export function write(field: HTMLTextAreaElement, text: string, from: number, to: number): void {
  field.setSelectionRange(from, to);
  // Nothing else keeps what can be undone.
  if (document.activeElement === field && document.execCommand('insertText', false, text)) return;
  field.setRangeText(text, from, to, 'end');
}

/** Puts a sign around each line of what is selected, or takes it away; code of several lines is a block. */
export function mark(field: HTMLTextAreaElement, sign: string): void {
  const { value } = field;
  const selected = value.slice(field.selectionStart, field.selectionEnd);
  // A sign has no space beside it.
  const from = field.selectionStart + selected.length - selected.trimStart().length;
  const inner = selected.trim();
  const to = from + inner.length;
  const block = sign === '`' && inner.includes('\n');
  const [open, close] = block ? ['```\n', '\n```'] : [sign, sign];
  const marked = value.endsWith(open, from) && from >= open.length && value.startsWith(close, to);
  if (marked && inner) {
    write(field, inner, from - open.length, to + close.length);
    field.setSelectionRange(from - open.length, to - open.length);
    return;
  }
  const lines = block ? inner : inner.replaceAll('\n', `${close}\n${open}`);
  write(field, open + lines + close, from, to);
  field.setSelectionRange(from + open.length, from + open.length + lines.length);
}
