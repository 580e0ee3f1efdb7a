import { readFile } from 'node:fs/promises';
import { request, type ClientRequest } from 'node:http';
import { join as path } from 'node:path';

import { expect, test } from '@playwright/test';

import type { Attachment, Message } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, answer, type Person } from '../../support/aldis.ts';
import { bytesOf, filesOf, getFrom, postTo, sha256, uploadTo } from '../../support/attachments.ts';
import { refused } from '../../support/check.ts';
import { photo, PLACE } from '../../support/jpeg.ts';
import { png } from '../../support/png.ts';

const aldisWith = async (flags: string[], use: (aldis: Aldis) => Promise<void>) => {
  const aldis = await Aldis.start(flags);
  await use(aldis).finally(() => aldis.end());
};

/** Begins an upload and does not go on with it. */
function hang(on: Aldis, who: Person, bytes: number): ClientRequest {
  const hanging = request(`${on.url}/api/attachments?name=x`, {
    method: 'POST',
    headers: { authorization: `Bearer ${who.token}` },
  });
  hanging.on('error', () => undefined);
  hanging.write(Buffer.alloc(bytes));
  return hanging;
}

test('where a photo was taken is not stored, and everything is of what is', () =>
  aldisWith([], async (aldis) => {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const file = await uploadTo(aldis, ann, photo(), 'image/jpeg', 'photo.jpg');
    expect(file).toMatchObject({ type: 'image/jpeg', width: 8, height: 16 });
    await aldis.call(
      'POST',
      '/api/messages',
      { receiver: bob.username, text: '', attachments: [file.id] },
      ann.token,
    );
    const whole = await getFrom(aldis, bob, file.url);
    const stored = await bytesOf(whole);
    expect(stored.includes(PLACE)).toBe(false);
    expect(stored.length).toBe(file.size);
    expect(whole.headers.get('etag')).toBe(`"${sha256(stored).replace('/', '')}"`);
    const end = await getFrom(aldis, bob, file.url, { range: 'bytes=-2' });
    expect([end.headers.get('content-range'), (await bytesOf(end)).toString('hex')]).toEqual([
      `bytes ${file.size - 2}-${file.size - 1}/${file.size}`,
      'ffd9',
    ]);
    // On the disk, too, there is nothing but the file and its thumbnail.
    const left = await filesOf(aldis);
    expect(left).toHaveLength(2);
    for (const name of left)
      expect((await readFile(path(aldis.data, 'attachments', name))).includes(PLACE)).toBe(false);
    // What cannot be read is a download, as it came.
    const broken = photo().subarray(0, 30);
    const download = await uploadTo(aldis, ann, broken, 'image/jpeg', 'photo.jpg');
    expect(download.type).toBe('application/octet-stream');
    expect((await bytesOf(await getFrom(aldis, ann, download.url))).equals(broken)).toBe(true);
  }));

test('an operator may keep files as they come', () =>
  aldisWith(['--attachment-metadata', 'keep'], async (aldis) => {
    const ann = await aldis.person('ann');
    const file = await uploadTo(aldis, ann, photo(), 'image/jpeg', 'photo.jpg');
    expect(file).toMatchObject({ width: 8, height: 16 });
    expect((await bytesOf(await getFrom(aldis, ann, file.url))).equals(photo())).toBe(true);
  }));

test('what was acknowledged survives kill -9, once for the same bytes, and nothing else is left', () =>
  aldisWith([], async (aldis) => {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const picture = png(600, 400);
    const first = await uploadTo(aldis, ann, picture, 'image/png', 'one.png');
    const second = await uploadTo(aldis, bob, picture, 'image/png', 'two.png');
    expect(first.id).not.toBe(second.id);
    const sent = await aldis.call<Message>(
      'POST',
      '/api/messages',
      { receiver: bob.username, text: '', attachments: [first.id] },
      ann.token,
    );
    // One more is on its way in.
    const hanging = hang(aldis, ann, 600_000);
    await expect.poll(async () => (await filesOf(aldis)).length).toBe(3);
    await aldis.kill();
    await aldis.restart();
    hanging.destroy();
    const left = await filesOf(aldis);
    expect(left).toHaveLength(2);
    expect(left).toContain(sha256(picture));
    expect(await aldis.messages(bob, sent.conversationId)).toEqual([sent]);
    expect((await bytesOf(await getFrom(aldis, bob, first.url))).equals(picture)).toBe(true);
    expect((await getFrom(aldis, bob, first.thumbnailUrl!)).status).toBe(200);
    await refused(getFrom(aldis, ann, second.url), 404, 'not_found');
  }));

test('four uploads of a user at a time, and who hangs up makes room', () =>
  aldisWith([], async (aldis) => {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const begun = async () => (await filesOf(aldis)).filter((name) => name.startsWith('new/')).length;
    const hanging = Array.from({ length: 4 }, () => hang(aldis, ann, 1));
    await expect.poll(begun).toBe(4);
    expect((await refused(postTo(aldis, ann, 'x', '', 'x'), 429, 'rate_limited')).retryAfter).toBe(1);
    await uploadTo(aldis, bob, 'x', '', 'x');
    hanging[0]!.destroy();
    await expect.poll(begun).toBe(3);
    await uploadTo(aldis, ann, 'x', '', 'x');
    for (const request of hanging) request.destroy();
    await expect.poll(begun).toBe(0);
  }));

test('everybody has a quota', () =>
  aldisWith(['--attachment-quota', '50KiB'], async (aldis) => {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    await uploadTo(aldis, ann, Buffer.alloc(40 * 1024), '', 'x');
    await refused(postTo(aldis, ann, Buffer.alloc(20 * 1024), '', 'x'), 413, 'quota_exceeded');
    await uploadTo(aldis, ann, Buffer.alloc(10 * 1024), '', 'x');
    await refused(postTo(aldis, ann, 'x', '', 'x'), 413, 'quota_exceeded');
    await uploadTo(aldis, bob, Buffer.alloc(40 * 1024), '', 'x');
  }));

for (const memory of [false, true]) {
  test(`what no message carries is removed ${memory ? 'from memory' : 'with its file'}`, () => {
    test.setTimeout(60_000);
    return aldisWith(['--attachment-unused', '4s', ...(memory ? ['--memory'] : [])], async (aldis) => {
      const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
      const carried = await uploadTo(aldis, ann, 'carried', 'text/plain', 'x');
      const message = await aldis.call<Message>(
        'POST',
        '/api/messages',
        { receiver: bob.username, text: '', attachments: [carried.id] },
        ann.token,
      );
      const unused = await uploadTo(aldis, ann, 'unused', 'text/plain', 'x');
      const status = async (of: Attachment) => (await getFrom(aldis, ann, of.url)).status;
      expect(await status(unused)).toBe(200);
      await expect.poll(() => status(unused), { timeout: 20_000 }).toBe(404);
      // That was logged before.
      expect(aldis.log.filter((line) => /removed at the next look.* uploads=1\b/.test(line))).toHaveLength(1);
      expect(await status(carried)).toBe(200);
      expect(await (await getFrom(aldis, bob, carried.url)).text()).toBe('carried');
      if (!memory) await expect.poll(() => filesOf(aldis)).toEqual([sha256(Buffer.from('carried'))]);
      // Once its message is deleted, it is unused, too.
      const live = await aldis.connect(ann);
      answer(
        await live.emitWithAck('message:delete', { conversationId: message.conversationId, id: message.id }),
      );
      live.close();
      await expect.poll(() => status(carried), { timeout: 20_000 }).toBe(404);
      if (!memory) await expect.poll(() => filesOf(aldis)).toEqual([]);
    });
  });
}
