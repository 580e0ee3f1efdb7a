try {
  const { dataset } = document.documentElement;
  for (const aspect of ['theme', 'text']) {
    const choice = localStorage.getItem(`aldis${dataset.base ?? ''}:${aspect}`);
    if (choice) dataset[aspect] = choice;
  }
} catch {}
