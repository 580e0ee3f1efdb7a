// A copy of what the server has for somebody, opened with another program.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from '@playwright/test';

import type { Conversation, Message, User } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis } from '../../support/aldis.ts';
import { bytesOf, getFrom, uploadTo } from '../../support/attachments.ts';
import { refused } from '../../support/check.ts';

let aldis: Aldis;
let folder: string;
test.beforeAll(async () => {
  aldis = await Aldis.start();
  folder = await mkdtemp(path(tmpdir(), 'aldis-export-'));
});
test.afterAll(async () => {
  await aldis.end();
  await rm(folder, { recursive: true, force: true });
});

/** The lines of a file of JSON Lines. */
const lines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);

test('an export has everything that its person may see, and is made once an hour', async () => {
  const [ann, bob] = [await aldis.person('ann', 'Ann Other'), await aldis.person('bob')];
  const group = await aldis.group('Crew', [bob]);
  const tell = (who: { token: string }, body: object) =>
    aldis.call<Message>('POST', `/api/conversations/${group.id}/messages`, body, who.token);
  await tell(bob, { text: 'before ann came' });
  await aldis.call('PUT', `/api/conversations/${group.id}/members/${ann.username}`, {}, bob.token);
  const theirs = await uploadTo(aldis, bob, 'their bytes', 'text/plain', 'theirs.txt');
  const large = Buffer.alloc(3_000_000, 'large ');
  const own = await uploadTo(aldis, ann, large, 'application/octet-stream', 'größe 🎉.bin');
  const shown = [
    await tell(bob, { text: 'for all', attachments: [theirs.id] }),
    await tell(ann, { text: 'an answer', attachments: [own.id] }),
  ];
  await aldis.call('PUT', `/api/blocks/${bob.username}`, undefined, ann.token);

  const response = await getFrom(aldis, ann, '/auth/export');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/zip');
  expect(response.headers.get('content-disposition')).toMatch(
    new RegExp(`^attachment; filename="aldis-${ann.username}-\\d{4}-\\d\\d-\\d\\d\\.zip"$`),
  );
  const archive = path(folder, 'export.zip');
  await writeFile(archive, await bytesOf(response));
  await promisify(execFile)('python3', ['-m', 'zipfile', '-t', archive]);
  const target = path(folder, 'opened');
  await promisify(execFile)('python3', ['-m', 'zipfile', '-e', archive, target]);

  const text = (name: string) => readFile(path(target, name), 'utf8');
  const json = async (name: string) => JSON.parse(await text(name)) as unknown;
  expect(await json('profile.json')).toMatchObject({ displayName: 'Ann Other' } satisfies Partial<User>);
  expect(await json('sessions.json')).toMatchObject([{ current: true }]);
  expect(await json('api-tokens.json')).toEqual([]);
  expect(await json('blocks.json')).toMatchObject([{ username: bob.username }]);
  const conversations = (await json('conversations.json')) as Conversation[];
  expect(conversations.map(({ id }) => id)).toEqual([group.id]);
  expect(lines(await text(`messages/${group.id}.jsonl`))).toEqual(shown);
  expect(await text(`files/${theirs.id}-theirs.txt`)).toBe('their bytes');
  expect((await readFile(path(target, `files/${own.id}-größe 🎉.bin`))).equals(large)).toBe(true);
  expect((await readdir(path(target, 'files'))).length).toBe(2);
  expect(await text('README.txt')).toContain('This is a copy of what this server keeps for you.');

  await refused(getFrom(aldis, ann, '/auth/export'), 429, 'rate_limited');
});

test('who takes nothing of an export holds nothing up', async () => {
  const ann = await aldis.person('ann');
  await uploadTo(aldis, ann, Buffer.alloc(20_000_000, 'x'), 'application/octet-stream', 'large.bin');
  const response = await getFrom(aldis, ann, '/auth/export');
  const reader = response.body!.getReader();
  await reader.read();
  // It stands still. Others go on, and so does everything that the person does.
  const bob = await aldis.person('bob');
  await aldis.call('POST', '/api/messages', { receiver: ann.username, text: 'hello' }, bob.token);
  await aldis.call('POST', '/auth/logout', undefined, ann.token);
  // Its session has ended: the rest does not come as if it were all.
  const rest = (async () => {
    while (!(await reader.read()).done);
  })();
  await expect(rest).rejects.toThrow();
});
