import type { Page } from '@playwright/test';

import { Aldis, say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

test.use({ trace: 'off' });
test.describe.configure({ timeout: 400_000 });

/** What a bot says in a week that says something every half minute. */
const WEEK = 20_000;
const AT_A_TIME = 500;

/** MB of the page that are in use. */
async function memory(page: Page): Promise<number> {
  const developer = await page.context().newCDPSession(page);
  await developer.send('HeapProfiler.collectGarbage');
  const { usedSize } = await developer.send('Runtime.getHeapUsage');
  await developer.detach();
  return usedSize / 1e6;
}

test('60. a page that is open for a week beside a busy bot has less than 150 MB, and no more than halfway', async ({
  browser,
}) => {
  const aldis = await Aldis.start(['--message-burst', '1000000', '--event-burst', '1000000']);
  const [ann, bot] = [await aldis.person('ann', 'Ann'), await aldis.person('bot', 'Bot')];
  const socket = await aldis.connect(bot);
  const line = (index: number) =>
    say(socket, {
      receiver: ann.username,
      text: `Build ${index} passed. ${'All is well. '.repeat(index % 9)}`,
    });
  await line(0);
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await messenger.open(bot.username);
  const used: number[] = [];
  for (let said = 1; said <= WEEK; said += AT_A_TIME) {
    await Promise.all(Array.from({ length: AT_A_TIME }, (_, index) => line(said + index)));
    await expect(messenger.last).toContainText(`Build ${said + AT_A_TIME - 1} passed.`, { timeout: 60_000 });
    if (said + AT_A_TIME - 1 >= (used.length + 1) * (WEEK / 4)) used.push(await memory(page));
  }
  console.log(`in use after each quarter of a week: ${used.map((one) => one.toFixed(1)).join(', ')} MB`);
  expect(Math.max(...used)).toBeLessThan(150);
  // What is older than is kept goes, so that there is an end to it.
  expect(used[3]! - used[1]!).toBeLessThan(10);
  socket.close();
  await page.context().close();
  await aldis.end();
});
