import type { Page } from '@playwright/test';

import type { Message } from '../../../web/src/app/protocol/protocol.ts';
import { say } from '../../support/aldis.ts';
import { browserOf, expect, fits, Messenger, PHONE, test, violations } from '../../support/web.ts';

// The server has only what was sent now. Its answers get the days that the test needs, and what is asked of it
// the times that it knows: one message a day, the last one today, none on 10 January.
const COUNT = 200;
const TODAY = Date.UTC(2026, 4, 20, 12);
const DAY = 86_400_000;
const shown = (index: number) => TODAY - (COUNT - 1 - index) * DAY - (index <= 69 ? DAY : 0);

async function otherDays(page: Page, sent: readonly Message[]): Promise<void> {
  await page.clock.setFixedTime(TODAY);
  await page.route(/\/messages\?/, async (route) => {
    const url = new URL(route.request().url());
    const wanted = url.searchParams.get('aroundTime');
    if (wanted) {
      const found = sent.findIndex((_, index) => shown(index) >= Date.parse(wanted));
      url.searchParams.set('aroundTime', sent.at(found)!.timestamp);
    }
    const response = await route.fetch({ url: url.href });
    const body = (await response.json()) as { items: { seq: number; timestamp: string }[] };
    for (const message of body.items) message.timestamp = new Date(shown(message.seq - 1)).toISOString();
    await route.fulfill({ response, json: body });
  });
}

for (const phone of [false, true]) {
  test(`51. a press on a day leads to another one (${phone ? 'phone' : 'desktop'})`, async ({
    aldis,
    browser,
  }) => {
    const [ann, bob] = [await aldis.person('Ann', 'Ann'), await aldis.person('bob', 'Bob')];
    const socket = await aldis.connect(bob);
    const sent: Message[] = [];
    for (let index = 0; index < COUNT; index++)
      sent.push(await say(socket, { receiver: ann.username, text: `Day ${index}` }));
    socket.close();
    await aldis.readAll(ann);
    const page = await browserOf(browser, aldis, ann, {
      timezoneId: 'UTC',
      locale: 'en-GB',
      ...(phone ? PHONE : {}),
    });
    await otherDays(page, sent);
    const messenger = new Messenger(page);
    await messenger.open(bob.username);
    await expect(messenger.last).toContainText(`Day ${COUNT - 1}`);

    await page.getByRole('button', { name: 'Today' }).click();
    const dialog = page.getByRole('dialog', { name: 'Go to a day' });
    const field = dialog.getByLabel('Day');
    await expect(field).toHaveValue('2026-05-20');
    await expect(field).toBeFocused();
    expect(await violations(page)).toEqual([]);
    if (phone) await fits(page, 'the days');
    await field.fill('2026-03-01');
    await field.press('Enter');
    await expect(dialog).toBeHidden();
    await messenger.pointedOut('Day 119');
    await expect(page.getByRole('heading', { name: 'Sun 1 March' })).toBeInViewport();

    // A day on which nobody wrote leads to the next one after it.
    await page.getByRole('button', { name: 'Sun 1 March' }).click();
    await field.fill('2026-01-10');
    await dialog.getByRole('button', { name: 'Go', exact: true }).click();
    await messenger.pointedOut('Day 70');
    await expect(page.getByRole('heading', { name: 'Sun 11 January' })).toBeInViewport();

    // What fails is said where it was asked for.
    await page.getByRole('button', { name: 'Sun 11 January' }).click();
    await page.route(/aroundTime/, (route) => route.abort());
    await dialog.getByRole('button', { name: 'The beginning' }).click();
    await expect(dialog.getByRole('alert')).toContainText('cannot be reached');
    await page.unroute(/aroundTime/);
    await dialog.getByRole('button', { name: 'The beginning' }).click();
    await messenger.pointedOut('Day 0');
    await page.context().close();
  });
}
