import { say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

// Days and groups depend on when messages were stored, so the server's answers get the hours that the test
// needs.
const NOW = new Date('2026-03-29T12:00:00+02:00');
const WRITTEN: [text: string, at: string][] = [
  ['long ago', '2025-11-03T10:00:00Z'],
  ['on Friday', '2026-03-27T09:00:00+01:00'],
  ['before midnight', '2026-03-28T23:58:00+01:00'],
  // In Berlin the next day, in UTC the same one, and that night the clocks went forward.
  ['after midnight', '2026-03-29T00:02:00+01:00'],
  ['within five minutes', '2026-03-29T00:06:59+01:00'],
  ['much later', '2026-03-29T00:13:00+01:00'],
];

for (const [timezoneId, headings] of [
  ['Europe/Berlin', ['3 November 2025', 'Friday', 'Yesterday', 'Today']],
  ['America/Los_Angeles', ['3 November 2025', 'Friday', 'Yesterday']],
] as const) {
  test(`24. day separators in the local zone, grouping within five minutes (${timezoneId})`, async ({
    aldis,
    browser,
  }) => {
    const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
    const socket = await aldis.connect(bob);
    for (const [text] of WRITTEN) await say(socket, { receiver: ann.username, text });
    socket.close();
    const page = await browserOf(browser, aldis, ann, { timezoneId, locale: 'en-GB' });
    await page.clock.setFixedTime(NOW);
    await page.route(/\/messages\?/, async (route) => {
      const response = await route.fetch();
      const body = (await response.json()) as { items: { text: string; timestamp: string }[] };
      for (const message of body.items)
        message.timestamp = new Date(WRITTEN.find(([text]) => text === message.text)![1]).toISOString();
      await route.fulfill({ response, json: body });
    });
    const messenger = new Messenger(page);
    // What waited for Ann comes over the socket with its true time; a session that has it already reads pages
    // only.
    (await aldis.connect(ann)).close();
    await messenger.open(bob.username);
    await expect(messenger.message('much later')).toBeVisible();
    await expect(page.locator('.day')).toHaveText([...headings]);

    const groups = await page
      .locator('aldis-message')
      .evaluateAll((all) =>
        all.map((message) => [
          message.querySelector('.text')!.textContent!.trim(),
          message.classList.contains('starts'),
        ]),
      );
    const alone = timezoneId === 'Europe/Berlin';
    expect(groups).toEqual([
      ['long ago', true],
      ['on Friday', true],
      ['before midnight', true],
      ['after midnight', alone],
      ['within five minutes', false],
      ['much later', true],
    ]);
    if (alone) {
      // Inside a run the time is there when it is wanted.
      const time = messenger.message('after midnight').getByText('00:02');
      await expect(time).toHaveCount(0);
      await messenger.message('after midnight').hover();
      await expect(time).toBeVisible();
      await expect(messenger.message('within five minutes').getByText('00:06')).toBeVisible();
    }
    await page.context().close();
  });
}

test('marks around words are shown as what people mean by them', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, {
    receiver: ann.username,
    text: 'At *six* sharp, ~not seven~: `make sail`. 2*3*4 <b>is</b> text.',
  });
  socket.close();
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  await messenger.open(bob.username);
  const shown = messenger.message('At six sharp, not seven: make sail. 2*3*4 <b>is</b> text.');
  await expect(shown.getByText('six', { exact: true })).toHaveCSS('font-weight', '640');
  await expect(shown.getByText('not seven', { exact: true })).toHaveCSS(
    'text-decoration-line',
    'line-through',
  );
  await expect(shown.getByText('make sail', { exact: true })).toHaveCSS('font-family', /monospace/);
  await messenger.page.context().close();
});

test('the day of what one scrolls through stands above it, and goes when one stops', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  for (let index = 1; index <= 40; index++)
    await say(socket, { receiver: ann.username, text: `Line ${index}. ${'It turns. '.repeat(12)}` });
  await aldis.readAll(ann);
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  await messenger.open(bob.username);
  await expect(messenger.last).toContainText('Line 40.');
  const day = messenger.page.locator('.floating-day');
  await messenger.page.mouse.move(800, 400);
  await messenger.page.mouse.wheel(0, -800);
  await expect(day).toHaveText('Today');
  await expect(day).toHaveCSS('opacity', '1');
  await expect(day).toHaveCSS('opacity', '0');
  // A press on it leads to other days.
  await day.dispatchEvent('click');
  await expect(messenger.page.getByRole('dialog', { name: 'Go to a day' })).toBeVisible();
  await messenger.page.keyboard.press('Escape');

  // What comes rises, for as long as it takes to see it; not for who wants less motion.
  interface Watching {
    risen: Promise<number>;
  }
  const watch = (text: string) =>
    messenger.page.evaluate((text) => {
      const risen = new Promise<number>((done) => {
        new MutationObserver((_, observer) => {
          const line = [...document.querySelectorAll('aldis-message.fresh .message')].find((message) =>
            message.textContent.includes(text),
          );
          if (!line) return;
          observer.disconnect();
          const [animation] = line.getAnimations();
          done(Number(animation?.effect?.getTiming().duration ?? 0));
        }).observe(document.querySelector('.scroller')!, { subtree: true, childList: true });
      });
      // Watched before anything is said.
      Object.assign(window, { risen });
    }, text);
  const risen = () => messenger.page.evaluate(() => (window as unknown as Watching).risen);
  await messenger.page.getByRole('button', { name: 'To the newest message' }).click();
  await expect(messenger.last).toBeInViewport();
  await watch('In motion');
  await say(socket, { receiver: ann.username, text: 'In motion' });
  expect(await risen()).toBe(180);
  await messenger.page.emulateMedia({ reducedMotion: 'reduce' });
  await watch('At rest');
  await say(socket, { receiver: ann.username, text: 'At rest' });
  expect(await risen()).toBe(0);
  socket.close();
  await messenger.page.context().close();
});

test('a block of code keeps its lines, is scrolled sideways, and has no empty line around it', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  const code = `  if (deep) {\n    ${'y'.repeat(400)};\n  }`;
  await say(socket, { receiver: ann.username, text: `before\n\`\`\`\n${code}\n\`\`\`\nafter` });
  socket.close();
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  await messenger.open(bob.username);
  const block = messenger.last.locator('.block');
  await expect(block).toBeVisible();
  expect(await block.textContent()).toBe(code);
  await expect(messenger.last.getByRole('button', { name: 'Copy' })).toBeVisible();
  expect(await messenger.last.locator('.text').first().textContent()).toBe(`beforeCodeCopy${code}after`);
  const { hidden, page, wrapped } = await block.evaluate((element) => ({
    hidden: element.scrollWidth > element.clientWidth,
    page: document.documentElement.scrollWidth <= document.documentElement.clientWidth,
    wrapped: element.clientHeight > 150,
  }));
  expect({ hidden, page, wrapped }).toEqual({ hidden: true, page: true, wrapped: false });
  await messenger.page.context().close();
});
