// Applies a chosen look before the first paint: see src/app/settings/look.ts. Storage may be forbidden.
try {
  for (const aspect of ['theme', 'text']) {
    const choice = localStorage.getItem(`aldis:${aspect}`);
    if (choice) document.documentElement.dataset[aspect] = choice;
  }
} catch {}
