import { browserOf, expect, test } from '../../support/web.ts';

test('Chromium finds nothing that keeps the client from being installed', async ({ aldis, browser }) => {
  const ann = await aldis.person('ann', 'Ann');
  const page = await browserOf(browser, aldis, ann, { serviceWorkers: 'allow' });
  await page.goto('/');
  const developer = await page.context().newCDPSession(page);
  const { errors, data, url } = await developer.send('Page.getAppManifest');
  expect(errors).toEqual([]);
  expect(url).toBe(`${aldis.url}/manifest.webmanifest`);
  const manifest = JSON.parse(data!) as {
    icons: { src: string; sizes: string; purpose?: string }[];
    shortcuts: { name: string; url: string }[];
  };
  expect(manifest).toMatchObject({ name: 'Aldis', start_url: '.', scope: '.', display: 'standalone' });
  // By it the browser knows an installed client again: it is the same since the first version.
  expect((await developer.send('Page.getAppId')).appId).toBe(`${aldis.url}/`);
  expect(manifest.icons.map(({ sizes, purpose = 'any' }) => `${sizes} ${purpose}`)).toEqual([
    'any any',
    '192x192 any',
    '512x512 any',
    '512x512 maskable',
  ]);
  // A context of its own counts as private browsing, in which nothing can be installed.
  const { installabilityErrors } = await developer.send('Page.getInstallabilityErrors');
  expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')).toEqual(
    [],
  );

  for (const { src, sizes } of manifest.icons.filter(({ src }) => src.endsWith('.png'))) {
    const size = await page.evaluate(async (src) => {
      const { width, height } = await createImageBitmap(await (await fetch(src)).blob());
      return `${width}x${height}`;
    }, `/${src}`);
    expect(size).toBe(sizes);
  }
  for (const { name, url } of manifest.shortcuts) {
    await page.goto(url);
    await expect(page.getByRole('dialog', { name })).toBeVisible();
  }
  await page.context().close();
});

test('an offer to install is in the menu, and good for one question', async ({ aldis, browser }) => {
  const ann = await aldis.person('ann', 'Ann');
  const page = await browserOf(browser, aldis, ann);
  await page.goto('/');
  const account = page.getByRole('button', { name: 'Account of Ann' });
  await account.click();
  await expect(page.getByRole('button', { name: 'Settings' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Install Aldis' })).toHaveCount(0);
  await page.evaluate(() => {
    const offer = new Event('beforeinstallprompt', { cancelable: true });
    Object.assign(window, { asked: 0 });
    Object.assign(offer, {
      prompt: () => Promise.resolve(((window as unknown as { asked: number }).asked += 1)),
    });
    window.dispatchEvent(offer);
    if (!offer.defaultPrevented) throw new Error('the browser would put it over the page');
  });
  await page.getByRole('button', { name: 'Install Aldis' }).click();
  expect(await page.evaluate(() => (window as unknown as { asked: number }).asked)).toBe(1);
  await account.click();
  await expect(page.getByRole('button', { name: 'Install Aldis' })).toHaveCount(0);
  await page.context().close();
});
