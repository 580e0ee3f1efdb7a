/** Whether a dialog or a menu lies over the page, which then has the keys. */
export function covered(): boolean {
  return document.querySelector('dialog[open], :popover-open') !== null;
}

/** Closes the dialog that lies on top; whether there was one. */
export function uncover(): boolean {
  const dialog = [...document.querySelectorAll<HTMLDialogElement>('dialog[open]')].at(-1);
  dialog?.close();
  return dialog !== undefined;
}

/** Whether what one types at an element goes into it. */
export function takesText(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null;
}
