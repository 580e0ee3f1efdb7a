import { type Person, say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

/** More than the server lists in a page. */
const MANY = 60;

test('32. a conversation that is older than sixty others is there, by its address and in the list', async ({
  aldis,
  browser,
}) => {
  const ann = await aldis.person('ann', 'Ann');
  const others: Person[] = [];
  for (let number = 1; number <= MANY; number++) {
    const other = await aldis.person(`p${number}`, `Person ${number}`);
    const socket = await aldis.connect(other);
    await say(socket, { receiver: ann.username, text: `I am number ${number}` });
    socket.close();
    others.push(other);
  }
  const [oldest, second] = others as [Person, Person];
  const hers = new Messenger(await browserOf(browser, aldis, ann));
  // Asked for by its name, in whatever case, and before the list is there to its end.
  await hers.page.goto(`/@${oldest.username.toUpperCase()}`);
  await expect(hers.message('I am number 1')).toBeVisible();
  await expect(hers.page.getByText('Nothing here yet')).toBeHidden();
  await hers.send('Still here');
  await expect(hers.message('Still here')).toBeVisible();
  // The others were read behind the page, so each can be switched to.
  await hers.page.keyboard.press('Control+k');
  const chooser = hers.page.getByRole('combobox', { name: 'Search' });
  await chooser.fill(second.username);
  await expect(hers.page.getByRole('option', { name: /Person 2(?!\d)/ })).toBeVisible();
  await chooser.press('Escape');
  await expect.poll(() => hers.page.title()).toContain(`(${MANY - 1})`);
  await hers.page.context().close();
});
