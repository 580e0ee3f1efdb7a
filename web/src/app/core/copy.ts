/** Where it is not there: said to the person. */
export const notCopied = () => $localize`Your browser does not let Aldis copy.`;

/**
 * Puts a text into the clipboard; gives whether it is there. Without https a page has no clipboard, but what it
 * copies at a press may still be this text.
 */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyAsSelected(text);
  }
}

function copyAsSelected(text: string): boolean {
  let copied = false;
  const put = (event: ClipboardEvent) => {
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
    event.stopPropagation();
    copied = event.clipboardData !== null;
  };
  document.addEventListener('copy', put, { capture: true });
  // The only way there is without a secure context.
  const done = document.execCommand('copy');
  document.removeEventListener('copy', put, { capture: true });
  return done && copied;
}
