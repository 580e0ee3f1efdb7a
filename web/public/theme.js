try {
  for (const aspect of ['theme', 'text']) {
    const choice = localStorage.getItem(`aldis:${aspect}`);
    if (choice) document.documentElement.dataset[aspect] = choice;
  }
} catch {}
