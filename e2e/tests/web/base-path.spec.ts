import { Aldis, say } from '../../support/aldis.ts';
import { Host } from '../../support/host.ts';
import { expect, installed, Messenger, register, test } from '../../support/web.ts';

/** What a browser keeps of the client under a path. */
function kept(base: string): Promise<string[]> {
  const databases = indexedDB.databases().then((all) => all.map(({ name }) => name!));
  return Promise.all([databases, caches.keys()]).then((names) =>
    [...names.flat(), ...Object.keys(localStorage)].filter((name) => name.startsWith(`aldis${base}:`)),
  );
}

test('two servers under two paths of one host share nothing in the browser', async ({ browser }) => {
  const [one, two] = (await Promise.all(
    ['/one', '/two'].map((path) => Aldis.start(['--memory', '--base-path', path])),
  )) as [Aldis, Aldis];
  const host = await Host.of(one.url, two.url);
  const context = await browser.newContext({ baseURL: `${host.url}/one/`, serviceWorkers: 'allow' });
  const first = new Messenger(await context.newPage());
  await register(first.page, 'ann', 'Ann of one');
  await installed(first.page);

  // The same name on the other server, in the same browser: nobody is logged in there.
  const second = new Messenger(await context.newPage());
  await second.page.goto(`${host.url}/two`);
  await expect(second.page).toHaveURL(`${host.url}/two/login`);
  await register(second.page, 'ann', 'Ann of two', `${host.url}/two/`);
  await installed(second.page);
  for (const [aldis, { page }, text] of [
    [one, first, 'Hello from one'],
    [two, second, 'Hello from two'],
  ] as const) {
    const bob = await aldis.person('bob', 'Bob');
    const { token } = await aldis.login('ann');
    await aldis.call('POST', '/api/messages', { receiver: bob.username, text: `To ${bob.username}` }, token);
    const socket = await aldis.connect(bob);
    await say(socket, { receiver: 'ann', text });
    socket.close();
    const messenger = new Messenger(page);
    await messenger.conversation('Bob').click();
    await expect(messenger.message(text)).toBeVisible();
    await expect(page.getByRole('navigation', { name: 'Conversations' }).getByRole('link')).toHaveCount(1);
  }
  // Each worker has the files of its own path, and of no other.
  const workers = () =>
    first.page.evaluate(async () =>
      (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => new URL(scope).pathname).sort(),
    );
  expect(await workers()).toEqual(['/one/', '/two/']);

  // Logging out of one leaves the other as it is.
  await first.page.getByRole('button', { name: 'Account of Ann of one' }).click();
  await first.page.getByRole('button', { name: 'Log out' }).click();
  await expect(first.page).toHaveURL(`${host.url}/one/login`);
  await expect.poll(() => first.page.evaluate(kept, '/one')).toEqual([]);
  expect(await second.page.evaluate(kept, '/two')).toEqual(
    expect.arrayContaining(['aldis/two:ann', 'aldis/two:session']),
  );
  await second.page.reload();
  await expect(second.message('Hello from two')).toBeVisible();
  await context.close();
  host.end();
  await Promise.all([one.end(), two.end()]);
});
