import { effect, type Signal } from '@angular/core';

import type { Words } from '../../data/search/words';

/**
 * Marks words in the messages that are in the document, and goes on as these come and go while one scrolls. The
 * marks are the browser's, beside the document: nothing of a message changes. An old browser has none.
 */
export function markWords(words: Signal<Words | null>): () => void {
  if (!('highlights' in CSS)) return () => undefined;
  let frame = 0;
  const mark = () => {
    frame = 0;
    const now = words();
    const ranges = now ? rangesOf(now, document.querySelectorAll('.message .text')) : [];
    if (ranges.length > 0) CSS.highlights.set('found', new Highlight(...ranges));
    else CSS.highlights.delete('found');
  };
  const soon = () => (frame ||= requestAnimationFrame(mark));
  const watcher = new MutationObserver(soon);
  watcher.observe(document.querySelector('aldis-chat') ?? document.body, {
    childList: true,
    characterData: true,
    subtree: true,
  });
  effect(() => {
    words();
    soon();
  });
  return () => {
    watcher.disconnect();
    cancelAnimationFrame(frame);
    CSS.highlights.delete('found');
  };
}

function rangesOf(words: Words, texts: Iterable<Element>): Range[] {
  const ranges: Range[] = [];
  for (const text of texts) {
    const nodes = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    for (let node = nodes.nextNode(); node; node = nodes.nextNode())
      for (const [from, to] of words.marks(node.nodeValue ?? '')) {
        const range = new Range();
        range.setStart(node, from);
        range.setEnd(node, to);
        ranges.push(range);
      }
  }
  return ranges;
}
