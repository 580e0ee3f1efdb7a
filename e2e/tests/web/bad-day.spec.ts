import { Aldis } from '../../support/aldis.ts';
import { Gate } from '../../support/gate.ts';
import { expect, expectLast, Messenger, register, test } from '../../support/web.ts';

const at = (url: string) => url.replace('127.0.0.1', 'localhost');

/**
 * Loses the next answers to a refresh on their way: the server has answered, and the page does not hear it.
 */
async function loseRefreshes({ page }: Messenger, count: number): Promise<{ lost: number }> {
  const seen = { lost: 0 };
  await page.route('**/auth/refresh', async (route) => {
    if (seen.lost === count) return route.fallback();
    seen.lost += 1;
    await route.fetch();
    await route.abort('connectionreset');
  });
  return seen;
}

test('34. Ann and Bob talk at localhost through a flapping network, a restart and lost answers, and notice nothing', async ({
  browser,
}) => {
  test.slow();
  // Tokens that are over at every reconnect, as they are after a night.
  const aldis = await Aldis.start(['--token-lifetime', '2s']);
  const gate = await Gate.before(aldis.url);
  const [hers, his] = [
    await browser.newContext({ baseURL: at(gate.url) }),
    await browser.newContext({ baseURL: at(aldis.url) }),
  ];
  const [ann, bob] = [new Messenger(await hers.newPage()), new Messenger(await his.newPage())];
  await register(ann.page, 'Ann', 'Ann');
  await register(bob.page, 'Bob', 'Bob');
  const all: string[] = [];
  const says = async (who: Messenger, text: string) => {
    all.push(text);
    await who.send(text);
  };
  const read = async (who: Messenger, text: string) => expect(who.tick(text, 'Read')).toBeVisible();

  await ann.begin('Message');
  await ann.page.getByRole('textbox', { name: 'Username' }).fill('bob');
  await ann.page.getByRole('button', { name: 'Start conversation' }).click();
  await says(ann, 'Are you there?');
  await bob.conversation('Ann').click();
  await says(bob, 'I am');
  await read(bob, 'I am');

  // The line is cut under messages that are on their way, again and again; Bob's network says so, Ann's does
  // not.
  for (let blink = 1; blink <= 3; blink++) {
    await says(ann, `Ann, before blink ${blink}`);
    gate.close();
    await expect(ann.banner).toBeVisible();
    await says(ann, `Ann, in blink ${blink}`);
    gate.open();
    await read(ann, `Ann, in blink ${blink}`);
    await his.setOffline(true);
    await says(bob, `Bob, in blink ${blink}`);
    await expect(bob.tick(`Bob, in blink ${blink}`, 'Waiting to be sent')).toBeVisible();
    await his.setOffline(false);
    await read(bob, `Bob, in blink ${blink}`);
  }

  // The server is killed and comes back; of both, the answers that would keep them logged in are lost.
  const lost = [await loseRefreshes(ann, 2), await loseRefreshes(bob, 1)];
  await aldis.kill();
  await says(ann, 'Ann, without a server');
  await expect(ann.tick('Ann, without a server', 'Waiting to be sent')).toBeVisible();
  await aldis.restart();
  await read(ann, 'Ann, without a server');
  await says(bob, 'Bob, after the restart');
  await read(bob, 'Bob, after the restart');
  expect(lost).toEqual([{ lost: 2 }, { lost: 1 }]);

  // Both see what the server has: everything, once, in order, and nothing is left to be told.
  const login = await aldis.login('Bob');
  const [conversation] = await aldis.conversations(login);
  expect((await aldis.messages(login, conversation!.id)).map(({ text }) => text)).toEqual(all);
  for (const who of [ann, bob]) {
    await expectLast(who, all);
    await expect(who.banner).toBeHidden();
    await who.page.reload();
    await expectLast(who, all);
  }
  await Promise.all([hers.close(), his.close()]);
  gate.end();
  await aldis.end();
});
