import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import AxeBuilder from '@axe-core/playwright';
import { type Browser, expect, type Page, test } from '@playwright/test';

import { Aldis } from '../../support/aldis.ts';

// The application in examples/embed, started as its README says and used by two people.

const repository = resolve(import.meta.dirname, '../../..');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** Runs a line of the README; gives the process once it has printed something about where it is. */
async function start(line: string, cwd: string, env: Record<string, string>): Promise<ChildProcess> {
  const [command, ...args] = line.split(' ');
  const child = spawn(command!, args, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, ...env },
    // A group of its own: npm starts the application as its child.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout! });
  await new Promise<void>((done) => lines.on('line', (text) => text.includes('http://') && done()));
  return child;
}

let folder: string;
let url: string;
let aldis: Aldis;
let app: ChildProcess;

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aldis-embed-'));
  const filter = (path: string) => !path.includes('node_modules');
  await cp(join(repository, 'examples/embed'), folder, { recursive: true, filter });
  // Instead of `npm install`.
  await symlink(join(repository, 'e2e/node_modules'), join(folder, 'node_modules'));
  const readme = await readFile(join(folder, 'README.md'), 'utf8');
  const commands = [...readme.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block]) =>
    block!.trim().split('\n'),
  );
  expect(commands).toEqual(['aldis serve --config aldis.toml --memory', 'npm install', 'npm start']);

  // Both on free ports, as the tests of others may run beside.
  const port = await freePort();
  const config = join(folder, 'aldis.toml');
  await writeFile(config, (await readFile(config, 'utf8')).replace(':4000', `:${port}`));
  aldis = await Aldis.start(['--config', config, '--memory']);
  app = await start('npm start', folder, { PORT: `${port}`, ALDIS_URL: aldis.url });
  url = `http://localhost:${port}`;
});

test.afterAll(async () => {
  process.kill(-app.pid!);
  await aldis.end();
  await rm(folder, { recursive: true, force: true });
});

async function logIn(browser: Browser, name: string, password = 'lamp'): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  return page;
}

async function write(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

const messages = (page: Page) => page.getByRole('log').getByRole('listitem');

test("two people of the application chat in the application's page", async ({ browser }) => {
  const ann = await logIn(browser, 'ann');
  await ann.getByRole('button', { name: 'Bob Baker' }).click();
  // Bob was never here; the application has made him known to Aldis, or does in a moment.
  const { token } = (await (await ann.request.get(`${url}/token`)).json()) as { token: string };
  const known = async () => (await aldis.request('GET', '/api/users/bob', undefined, token)).status;
  await expect.poll(known).toBe(200);
  await write(ann, 'Are you there?');
  await expect(messages(ann)).toHaveText(['Are you there?']);

  const bob = await logIn(browser, 'bob');
  await bob.getByRole('button', { name: 'Ann Archer' }).click();
  await expect(messages(bob)).toHaveText(['Are you there?']);
  await write(bob, 'I am <b>here</b>');
  await expect(messages(ann)).toHaveText(['Are you there?', 'I am <b>here</b>']);

  // What was written is there again, and what comes while nobody answers is sent later.
  await ann.reload();
  await ann.getByRole('button', { name: 'Bob Baker' }).click();
  await expect(messages(ann)).toHaveCount(2);
  await bob.context().setOffline(true);
  await write(ann, 'Still there?');
  await bob.context().setOffline(false);
  await expect(messages(bob)).toHaveCount(3);

  const { violations } = await new AxeBuilder({ page: ann as never }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`)).toEqual([]);
  await ann.getByRole('button', { name: 'Log out' }).click();
  await expect(ann.getByLabel('Password')).toBeVisible();
  for (const page of [ann, bob]) await page.context().close();
});

test('who is not logged in gets neither the page nor a token', async ({ browser, request }) => {
  const page = await logIn(browser, 'ann', 'wrong');
  await expect(page.getByRole('alert')).toHaveText('The name or the password is wrong.');
  expect((await request.get(`${url}/token`)).status()).toBe(401);
  expect(await (await request.get(`${url}/jwks.json`)).json()).toEqual({
    keys: [
      {
        kty: 'OKP',
        crv: 'Ed25519',
        x: expect.any(String),
        kid: expect.any(String),
        alg: 'EdDSA',
        use: 'sig',
      },
    ],
  });
  await page.context().close();
});
