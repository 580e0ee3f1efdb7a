// Before the first paint, so that a chosen look never flashes another one; the rest is in src/app/settings/look.ts.
for (const aspect of ['theme', 'text']) {
  const choice = localStorage.getItem(`aldis:${aspect}`);
  if (choice) document.documentElement.dataset[aspect] = choice;
}
