/**
 * Hears files that are dragged over `root` and dropped there. Its listeners are the page's own, like those of
 * a long press: none of the many moves of a pointer is a reason to look at the view.
 */
export function onDrop(
  root: HTMLElement,
  signal: AbortSignal,
  over: (over: boolean) => void,
  dropped: (files: readonly File[]) => void,
): void {
  for (const name of ['dragover', 'dragleave', 'drop'] as const) {
    root.addEventListener(
      name,
      (event) => {
        const { dataTransfer, relatedTarget } = event;
        if (!dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        over(name === 'dragover' || (name === 'dragleave' && root.contains(relatedTarget as Node | null)));
        if (name === 'drop') dropped([...dataTransfer.files]);
      },
      { signal },
    );
  }
}

/** A part of a table or a page comes as text and as a picture of it: then the text is meant. */
export function pastedFiles(data: DataTransfer | null): readonly File[] {
  return !data || (data.types.includes('text/plain') && data.types.includes('text/html'))
    ? []
    : [...data.files];
}
