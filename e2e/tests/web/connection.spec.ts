import { Aldis, say } from '../../support/aldis.ts';
import { browserOf, expect, expectKept, expectLast, Messenger, test } from '../../support/web.ts';

/** In the page itself: when a text was first seen, and when it was gone again. */
async function watch(messenger: Messenger, text: string): Promise<void> {
  await messenger.page.evaluate((wanted) => {
    const seen: { at?: number; gone?: number } = {};
    (window as unknown as { seen: typeof seen }).seen = seen;
    const look = () => {
      const there = document.body.innerText.includes(wanted);
      if (there) seen.at ??= Date.now();
      else if (seen.at) seen.gone ??= Date.now();
    };
    new MutationObserver(look).observe(document.body, {
      childList: true,
      subtree: true,
      characterData: true,
    });
  }, text);
}

function seen(messenger: Messenger): Promise<{ at?: number; gone?: number }> {
  return messenger.page.evaluate(() => (window as unknown as { seen: object }).seen);
}

test('18. the offline banner within a second, never a blank screen; 19. reconnected within two, gap filled, nothing doubled', async ({
  browser,
}) => {
  const aldis = await Aldis.start();
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  let socket = await aldis.connect(bob);
  for (let index = 1; index <= 5; index++)
    await say(socket, { receiver: ann.username, text: `Before ${index}` });
  socket.close();
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  await messenger.open(bob.username);
  await expect(messenger.message('Before 5')).toBeVisible();

  const expected = Array.from({ length: 5 }, (_, index) => `Before ${index + 1}`);
  for (let outage = 1; outage <= 3; outage++) {
    await watch(messenger, 'No connection.');
    const killed = Date.now();
    await aldis.kill();
    await expect(messenger.banner).toBeVisible();
    expect((await seen(messenger)).at! - killed).toBeLessThanOrEqual(1_000);
    await expectLast(messenger, expected);

    await aldis.restart();
    const back = Date.now();
    // Said while Ann's browser is on its way back: some of it before, some of it after.
    socket = await aldis.connect(bob);
    for (let index = 1; index <= 10; index++) {
      expected.push(`Outage ${outage}, ${index}`);
      await say(socket, { receiver: ann.username, text: expected.at(-1)! });
    }
    socket.close();
    await expect(messenger.banner).toBeHidden();
    expect((await seen(messenger)).gone! - back).toBeLessThanOrEqual(2_000);
    await expectLast(messenger, expected);
    await expect(messenger.message(expected.at(-1)!)).toHaveCount(1);
  }
  await messenger.page.context().close();
  await aldis.end();
});

test('18. without a network the banner comes, and what was seen before is still there', async ({
  aldis,
  browser,
}) => {
  const people = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  const [ann, bob, cat] = people;
  for (const other of [bob, cat]) {
    const socket = await aldis.connect(other);
    await say(socket, { receiver: ann.username, text: `From ${other.username}` });
    socket.close();
  }
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  await messenger.open(bob.username);
  await expectKept(messenger, ann, 1);
  await messenger.open(cat.username);
  await expect(messenger.message(`From ${cat.username}`)).toBeVisible();
  await messenger.page.context().setOffline(true);
  await expect(messenger.banner).toBeVisible({ timeout: 1_000 });
  await messenger.conversation('Bob').click();
  await expect(messenger.message(`From ${bob.username}`)).toBeVisible();
  await messenger.send('Later');
  await expect(messenger.tick('Later', 'Waiting to be sent')).toBeVisible();
  await messenger.page.context().setOffline(false);
  await expect(messenger.tick('Later', 'Sent')).toBeVisible({ timeout: 2_000 });
  await expect(messenger.banner).toBeHidden();
  await messenger.page.context().close();
});

test('18. a network that goes before the page can connect is said, and asked again', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  let gone = true;
  // The part that connects is the last that a page loads before it is whole.
  await messenger.page.route('**/chunk-*.js', async (route) => {
    const response = await route.fetch();
    if (gone && (await response.text()).includes('EIO')) return route.abort('internetdisconnected');
    return route.fulfill({ response });
  });
  await messenger.open(bob.username);
  await expect(messenger.banner).toBeVisible();
  await messenger.send('Early');
  await expect(messenger.tick('Early', 'Waiting to be sent')).toBeVisible();
  gone = false;
  await expect(messenger.tick('Early', 'Sent')).toBeVisible();
  await expect(messenger.banner).toBeHidden();
  await messenger.page.context().close();
});

test('19. after a longer absence everything is there, in order, however it is scrolled', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  const texts: string[] = [];
  const talk = async (count: number) => {
    for (let index = 0; index < count; index++) {
      texts.push(`Number ${texts.length + 1}`);
      await say(socket, { receiver: ann.username, text: texts.at(-1)! });
    }
  };
  await talk(70);
  await aldis.readAll(ann);
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  await messenger.open(bob.username);
  await expect(messenger.message('Number 70')).toBeVisible();
  await messenger.page.goto('about:blank');
  await talk(130);
  await aldis.readAll(ann);
  await messenger.open(bob.username);
  await expect(messenger.message('Number 200')).toBeVisible();

  // From the end to the beginning, reading every line once.
  const found = new Set<string>(await messenger.texts());
  await messenger.page.mouse.move(800, 400);
  while (!found.has('Number 1')) {
    const top = (await messenger.texts())[0];
    await messenger.page.mouse.wheel(0, -400);
    await expect.poll(async () => (await messenger.texts())[0]).not.toBe(top);
    for (const text of await messenger.texts()) found.add(text);
  }
  expect([...found].sort((a, b) => Number(a.slice(7)) - Number(b.slice(7)))).toEqual(texts);
  socket.close();
  await messenger.page.context().close();
});

test('the live connection is a WebSocket of the page’s own host, and none to another host is let through', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const polls: string[] = [];
  messenger.page.on(
    'request',
    (request) => request.url().includes('transport=polling') && polls.push(request.url()),
  );
  const connected = messenger.page.waitForEvent('websocket');
  await messenger.open(bob.username);
  expect(new URL((await connected).url()).host).toBe(new URL(aldis.url).host);
  await messenger.send('Over the socket');
  await expect(messenger.tick('Over the socket', 'Sent')).toBeVisible();
  expect(polls).toEqual([]);
  const other = messenger.page.evaluate(
    () =>
      new Promise<string>((done) => {
        document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) =>
          done(effectiveDirective),
        );
        const socket = new WebSocket('ws://127.0.0.2:9/');
        socket.onopen = () => done('open');
      }),
  );
  expect(await other).toBe('connect-src');
  await messenger.page.context().close();
});

test('whom a busy server turns away comes back later each time, by itself', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const tries: number[] = [];
  await messenger.page.routeWebSocket(/socket\.io/, (route) => {
    if (tries.push(Date.now()) > 4) return void route.connectToServer();
    const problem = {
      type: 'about:blank',
      title: 'Busy',
      status: 503,
      detail: 'Busy.',
      code: 'overloaded',
      retryable: true,
    };
    route.onMessage((packet) => {
      if (`${packet}`.startsWith('40'))
        route.send(`44${JSON.stringify({ message: problem.code, data: problem })}`);
    });
    route.send(
      `0${JSON.stringify({ sid: `busy-${tries.length}`, upgrades: [], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1_000_000 })}`,
    );
  });
  await messenger.open(bob.username);
  await messenger.send('When it is calm');
  await expect(messenger.tick('When it is calm', 'Sent')).toBeVisible({ timeout: 15_000 });
  // The library opens the next connection on its own; between tries are the waits of the client, at least a
  // half of each.
  const waits = tries.slice(1).map((at, index) => at - tries[index]!);
  expect(waits.length).toBe(4);
  for (const [index, wait] of waits.entries()) expect(wait).toBeGreaterThanOrEqual(250 * 2 ** index - 50);
  await messenger.page.context().close();
});

test('a login that a busy server turned away is tried again by itself', async ({ aldis, page }) => {
  const ann = await aldis.person('ann', 'Ann');
  let turnedAway = 0;
  await page.route(/\/auth\/login$/, (route) => {
    if (route.request().method() !== 'POST' || turnedAway === 2) return route.continue();
    turnedAway++;
    const problem = {
      type: 'about:blank',
      title: 'Busy',
      status: 503,
      detail: 'Too many logins at once; try again in a moment.',
      code: 'overloaded',
      retryable: true,
    };
    return route.fulfill({
      status: 503,
      contentType: 'application/problem+json',
      body: JSON.stringify(problem),
    });
  });
  await page.goto(`${aldis.url}/login`);
  await page.getByLabel('Username').fill(ann.username);
  await page.getByLabel('Password', { exact: true }).fill(ann.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('heading', { name: 'No conversations yet' })).toBeVisible({ timeout: 10_000 });
  expect(turnedAway).toBe(2);
});
