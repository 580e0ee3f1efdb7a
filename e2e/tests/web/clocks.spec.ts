import type { Page } from '@playwright/test';

import { say } from '../../support/aldis.ts';
import { browserOf, expect, expectKept, expectLast, Messenger, test } from '../../support/web.ts';

const DAY = 86_400_000;

/** From the next page on the clock of this browser is wrong by so much. */
async function shift(page: Page, by: number): Promise<void> {
  await page.addInitScript((by) => {
    const Right = Date;
    const now = () => Right.now() + by;
    class Wrong extends Right {
      constructor(...given: unknown[]) {
        super(...((given.length > 0 ? given : [now()]) as [number]));
      }
      static override now = now;
    }
    window.Date = Wrong as DateConstructor;
  }, by);
}

for (const [name, first, then] of [
  ['a day ahead, and set right', DAY, -DAY],
  ['a day behind, and set right', -DAY, DAY],
] as const)
  test(`37. order and places hold where the clock of the browser is ${name}`, async ({ aldis, browser }) => {
    const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
    const socket = await aldis.connect(bob);
    await say(socket, { receiver: ann.username, text: 'One' });
    await aldis.readAll(ann);
    const page = await browserOf(browser, aldis, ann);
    await shift(page, first);
    const messenger = new Messenger(page);
    await messenger.open(bob.username);
    const wrong = (await page.evaluate(() => new Date().getTime())) - Date.now();
    expect(Math.abs(wrong - first)).toBeLessThan(60_000);
    await messenger.send('Two');
    await expect(messenger.last).toContainText('Two');
    await say(socket, { receiver: ann.username, text: 'Three' });
    await expect(messenger.last).toContainText('Three');
    // What waits has the time of this browser until the server gives it one.
    await page.context().setOffline(true);
    await expect(messenger.banner).toBeVisible();
    await messenger.send('Four');
    await expect(messenger.last).toContainText('Four');
    await page.context().setOffline(false);
    await expect(messenger.banner).toHaveCount(0);
    await expect(messenger.last.getByRole('img', { name: /Sent|Delivered|Read/ })).toBeVisible();
    await say(socket, { receiver: ann.username, text: 'Five' });
    const all = ['One', 'Two', 'Three', 'Four', 'Five'];
    await expectLast(messenger, all);
    // All of one day, whichever that is here.
    await expect(page.locator('.day')).toHaveCount(1);
    await expectKept(messenger, ann, 1);

    // The two wrong clocks add up to a right one.
    await shift(page, then);
    await page.reload();
    await expectLast(messenger, all);
    await expect(page.locator('.day')).toHaveText('Today');
    await say(socket, { receiver: ann.username, text: 'Six' });
    await messenger.send('Seven');
    await expectLast(messenger, [...all, 'Six', 'Seven']);
    await expect(page.locator('.row').first()).toContainText('Seven');
    socket.close();
    await page.context().close();
  });
