/** Whether a dialog or a menu lies over the page, which then has the keys. */
export function covered(): boolean {
  return document.querySelector('dialog[open], :popover-open') !== null;
}

/** Whether what one types at an element goes into it. */
export function takesText(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null;
}
