// Before the first paint, so that a chosen theme never flashes the other one; the rest is in src/app/shell/theme.ts.
{
  const theme = localStorage.getItem('aldis:theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
}
