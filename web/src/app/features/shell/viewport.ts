/**
 * Keeps the page above an on-screen keyboard. Most browsers shrink the page for it (`interactive-widget` in
 * index.html); those that only cover it tell through the visual viewport how much is still seen.
 */
export function fitViewport({ defaultView: window, documentElement }: Document): void {
  const viewport = window?.visualViewport;
  if (!window || !viewport) return;
  viewport.addEventListener('resize', () => {
    const covered = window.innerHeight - viewport.height * viewport.scale > 1;
    if (covered) documentElement.style.setProperty('--seen', `${viewport.height}px`);
    else documentElement.style.removeProperty('--seen');
    if (covered) window.scrollTo(0, 0);
  });
}
