import AxeBuilder from '@axe-core/playwright';

import { expect, PHONE, test } from '../../support/web.ts';

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the description for people can be read by everyone (${colorScheme})`, async ({ aldis, browser }) => {
    const context = await browser.newContext({ baseURL: aldis.url, colorScheme });
    const page = await context.newPage();
    // It is a long page to look through.
    test.setTimeout(120_000);
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    const answer = await page.goto('/docs');
    expect(answer!.headers()['content-security-policy']).toContain("default-src 'none'");
    expect(answer!.headers()['content-type']).toBe('text/html; charset=utf-8');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Aldis: the API');
    // The sheet is let in: the colours are those of the scheme.
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(ground).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(22, 24, 29)');
    // The package's types come with a copy of Playwright of their own.
    const { violations } = await new AxeBuilder({ page: page as never }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`)).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });
}

test('the description leads from the contents to an endpoint, an event and their types', async ({
  aldis,
  browser,
}) => {
  const context = await browser.newContext({ ...PHONE, baseURL: aldis.url });
  const page = await context.newPage();
  await page.goto('/docs');
  await page.getByRole('link', { name: 'GET /api/search', exact: true }).click();
  const search = page.getByRole('article', { name: 'GET /api/search' });
  await expect(search).toBeInViewport();
  await expect(
    search.getByRole('table', { name: 'Parameters' }).getByRole('row', { name: 'q query string yes' }),
  ).toBeVisible();
  await search.getByRole('link', { name: 'Page_Hit' }).click();
  await expect(page.getByRole('article', { name: 'Page_Hit' })).toBeInViewport();
  const edit = page.getByRole('article', { name: 'message:edit' });
  await expect(edit).toContainText('Payload: EditMessage');
  await expect(edit).toContainText('Answer: Message as data, or a problem');
  await expect(page.getByRole('row', { name: 'client_id_reused 409' })).toBeVisible();
  // Nothing is wider than a phone.
  expect(
    await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
  ).toBe(0);
  await context.close();
});
