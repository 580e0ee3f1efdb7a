import { request } from 'node:http';

import { expect, test } from '@playwright/test';

import type {
  Attachment,
  AttachmentLink,
  Conversation,
  Message,
} from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, answer, say, type Person } from '../../support/aldis.ts';
import { bytesOf, getFrom, postTo, uploadTo } from '../../support/attachments.ts';
import { refusal, refused } from '../../support/check.ts';
import { photo } from '../../support/jpeg.ts';
import { client, join } from '../../support/live.ts';
import { png } from '../../support/png.ts';
import { ANIMATED_WEBP, AVIF, CMYK, GIF, HEIC } from '../../support/samples.ts';

let aldis: Aldis;
test.beforeAll(
  async () => void (aldis = await Aldis.start(['--attachment-limit', '200KiB', '--upload-pause', '500ms'])),
);
test.afterAll(() => aldis.end());

const post = (who: Person, bytes: Uint8Array | string, type: string, name?: string) =>
  postTo(aldis, who, bytes, type, name);
const upload = (who: Person, bytes: Uint8Array | string, type: string, name?: string) =>
  uploadTo(aldis, who, bytes, type, name);
const get = (who: Person, url: string, headers?: Record<string, string>) => getFrom(aldis, who, url, headers);

test('a picture is sent, and whoever may see the message may see it', async () => {
  const [ann, bob, eve] = [await aldis.person('ann'), await aldis.person('bob'), await aldis.person('eve')];
  const [a, b] = [client(aldis.url, { token: ann.token }), client(aldis.url, { token: bob.token })];
  await join(a);
  await join(b);
  const picture = png(960, 200);
  const uploaded = await upload(ann, picture, 'image/png', 'Urlaub "süd" 🌊.png');
  const url = `/api/attachments/${uploaded.id}`;
  const shown = {
    name: 'Urlaub "süd" 🌊.png',
    type: 'image/png',
    size: picture.length,
    width: 960,
    height: 200,
    url,
    thumbnailUrl: `${url}/thumbnail`,
  };
  expect(uploaded).toEqual({ id: uploaded.id, ...shown });
  // Nobody has been sent it yet.
  await refused(get(bob, url), 404, 'not_found');
  await refused(fetch(aldis.url + url), 401, 'token_required');

  const notes = await upload(ann, 'read me', 'text/plain; charset=utf-8', 'notes.txt');
  const sent = await say(a.socket, {
    receiver: bob.username,
    text: '',
    attachments: [notes.id, uploaded.id],
    clientId: 'with-files',
  });
  expect(sent).toMatchObject({ text: '', attachments: [notes, uploaded] });
  expect((await b.messages.reaches(1))[0]).toEqual(sent);
  expect(await aldis.messages(bob, sent.conversationId)).toEqual([sent]);
  expect((await aldis.conversations(bob))[0]!.lastMessage).toEqual(sent);

  const whole = await get(bob, url);
  expect(whole.status).toBe(200);
  expect(Object.fromEntries(whole.headers)).toMatchObject({
    'content-type': 'image/png',
    'content-length': `${picture.length}`,
    'content-disposition': `inline; filename="Urlaub _s_d_ _.png"; filename*=UTF-8''Urlaub%20%22s%C3%BCd%22%20%F0%9F%8C%8A.png`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cache-control': 'private, max-age=31536000, immutable',
    'accept-ranges': 'bytes',
  });
  expect((await bytesOf(whole)).equals(picture)).toBe(true);
  const same = await get(bob, url, { 'if-none-match': whole.headers.get('etag')! });
  expect([same.status, await same.text()]).toEqual([304, '']);

  const small = await get(bob, `${url}/thumbnail`);
  expect([small.status, small.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
  expect((await bytesOf(small)).subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));
  await refused(get(bob, `${notes.url}/thumbnail`), 404, 'not_found');
  for (const of of [url, `${url}/thumbnail`]) await refused(get(eve, of), 404, 'not_found');
  await refused(get(ann, '/api/attachments/0190b8a2-6c1e-7def-8123-456789abcdef'), 404, 'not_found');

  // A repeat is the same only with the same files.
  const send = (attachments: string[]) =>
    a.socket.emitWithAck('message', {
      receiver: bob.username,
      text: '',
      attachments,
      clientId: 'with-files',
    });
  expect(answer(await send([notes.id, uploaded.id]))).toEqual(sent);
  refusal(await send([uploaded.id, notes.id]), 409, 'client_id_reused');

  // An edit keeps them; a deletion takes them away.
  const edited = answer(
    await a.socket.emitWithAck('message:edit', {
      conversationId: sent.conversationId,
      id: sent.id,
      text: 'look',
    }),
  );
  expect(edited).toMatchObject({ text: 'look', attachments: [notes, uploaded] });
  const deleted = answer(
    await a.socket.emitWithAck('message:delete', { conversationId: sent.conversationId, id: sent.id }),
  );
  expect(deleted.attachments).toBeUndefined();
  await refused(get(bob, url), 404, 'not_found');
  expect((await get(ann, url)).status).toBe(200);
  a.socket.close();
  b.socket.close();
});

test('parts of a file, one at a time', async () => {
  const ann = await aldis.person('ann');
  const text = Array.from({ length: 30_000 }, (_, n) => n % 10).join('');
  const { url } = await upload(ann, text, 'text/plain');
  const etag = (await get(ann, url)).headers.get('etag')!;
  const part = async (range: string, headers = {}) => {
    const response = await get(ann, url, { range, ...headers });
    return [response.status, response.headers.get('content-range'), await response.text()];
  };
  expect(await part('bytes=0-4')).toEqual([206, 'bytes 0-4/30000', '01234']);
  expect(await part('bytes=29998-')).toEqual([206, 'bytes 29998-29999/30000', '89']);
  expect(await part('bytes=-3')).toEqual([206, 'bytes 29997-29999/30000', '789']);
  expect(await part('bytes=0-1', { 'if-range': etag })).toEqual([206, 'bytes 0-1/30000', '01']);
  expect(await part('bytes=0-1', { 'if-range': '"other"' })).toEqual([200, null, text]);
  expect(await part('bytes=0-1,4-5')).toEqual([200, null, text]);
  const beyond = await get(ann, url, { range: 'bytes=30000-' });
  expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */30000']);
  const head = await fetch(aldis.url + url, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${ann.token}` },
  });
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '30000', '']);
});

test('a file that is not what it says is taken, and is a download', async () => {
  const ann = await aldis.person('ann');
  const ole = Buffer.from('d0cf11e0a1b11ae1', 'hex');
  const files: [bytes: Buffer | string, type: string, name: string, taken: string][] = [
    ['no picture', 'image/png', 'a.png', 'application/octet-stream'],
    [png(1, 1), 'image/jpeg', 'a.jpg', 'application/octet-stream'],
    [png(1, 1), 'image/png', 'a.html', 'application/octet-stream'],
    [png(1, 1), 'text/html', 'a.html', 'text/html'],
    [Buffer.from([0x61, 0xff]), 'text/plain', 'a.txt', 'application/octet-stream'],
    ['x', 'nonsense', 'a', 'application/octet-stream'],
    [ole, 'application/vnd.ms-excel', 'a.xls', 'application/vnd.ms-excel'],
    ['a;b', 'application/vnd.ms-excel', 'a.csv', 'application/vnd.ms-excel'],
    ['\n%PDF-1.4', 'application/pdf', 'a.pdf', 'application/pdf'],
  ];
  for (const [bytes, type, name, taken] of files) {
    const response = await post(ann, bytes, type, name);
    expect(response.status, name).toBe(201);
    const { url, type: kept } = (await response.json()) as Attachment;
    expect(kept, name).toBe(taken);
    const got = await get(ann, url);
    expect(got.headers.get('content-disposition'), name).toContain('attachment');
    expect(['application/octet-stream', 'application/pdf']).toContain(got.headers.get('content-type'));
    expect(Buffer.from(await got.arrayBuffer())).toEqual(Buffer.from(bytes));
  }
});

test('a file without a good name, in a form, or too large', async () => {
  const ann = await aldis.person('ann');
  const form = new FormData();
  form.set('file', new Blob(['x']), 'a.txt');
  const asForm = { method: 'POST', headers: { authorization: `Bearer ${ann.token}` }, body: form };
  await refused(fetch(`${aldis.url}/api/attachments?name=a.txt`, asForm), 400, 'malformed');
  for (const name of ['', 'a/b', 'a\\b', '..', 'a\nb', 'x'.repeat(256)]) {
    expect((await refused(post(ann, 'x', '', name), 422, 'invalid')).field).toBe('name');
  }
  expect(
    (await refused(aldis.request('POST', '/api/attachments', 'x', ann.token), 422, 'invalid')).field,
  ).toBe('name');
  await refused(aldis.request('POST', '/api/attachments?name=x', 'x'), 401, 'token_required');

  await refused(post(ann, Buffer.alloc(200 * 1024 + 1), ''), 413, 'too_large');
  // Who is still sending sees the answer, not a broken connection.
  for (let n = 0; n < 5; n++) await refused(post(ann, Buffer.alloc(30 << 20), ''), 413, 'too_large');
  expect((await upload(ann, Buffer.alloc(200 * 1024), '')).size).toBe(200 * 1024);
  // Without a length in front, it is found out on the way.
  expect(
    await drip(
      ann,
      Array.from({ length: 10 }, () => Buffer.alloc(30_000)),
    ),
  ).toMatchObject([413, { code: 'too_large' }]);
  // Who stops in the middle is not waited for.
  expect(await drip(ann, [Buffer.from('and then')], false)).toMatchObject([400, { code: 'malformed' }]);
  expect((await upload(ann, Buffer.from('x'), '')).type).toBe('application/octet-stream');
});

/** Sends pieces, and perhaps not the end; gives the status and the body of the answer. */
function drip(who: Person, pieces: Buffer[], whole = true): Promise<[status: number, body: unknown]> {
  return new Promise((done, failed) => {
    const sending = request(`${aldis.url}/api/attachments?name=x`, {
      method: 'POST',
      headers: { authorization: `Bearer ${who.token}` },
    });
    let answered = false;
    sending.on('response', async (response) => {
      answered = true;
      const body = Buffer.concat(await response.toArray()).toString();
      sending.destroy();
      done([response.statusCode!, JSON.parse(body)]);
    });
    sending.on('error', (error) => answered || failed(error));
    for (const piece of pieces) sending.write(piece);
    if (whole) sending.end();
  });
}

test('what a browser would run is not served as that', async () => {
  const ann = await aldis.person('ann');
  for (const [bytes, type, name] of [
    ['<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', 'image/svg+xml', 'a.svg'],
    ['<!doctype html><script>alert(1)</script>', 'text/html', 'a.html'],
    ['alert(1)', 'text/javascript', 'a.js'],
  ] as const) {
    const { url, type: kept } = await upload(ann, bytes, type, name);
    expect(kept).toBe(type);
    const { headers } = await get(ann, url);
    expect(headers.get('content-type')).toBe('application/octet-stream');
    expect(headers.get('content-disposition')).toMatch(/^attachment;/);
    expect(headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
  }
});

test('a picture that would fill the memory has no small one', async () => {
  const ann = await aldis.person('ann');
  const bomb = await upload(ann, png(30_000, 30_000, 1), 'image/png');
  expect(bomb).toMatchObject({ width: 30_000, height: 30_000 });
  expect(bomb.thumbnailUrl).toBeUndefined();
});

test('pictures as people have them', async () => {
  const ann = await aldis.person('ann');
  const seen = async (bytes: Buffer, type: string, name: string) => {
    const { type: kept, width, height, animated, thumbnailUrl } = await upload(ann, bytes, type, name);
    return [
      kept,
      width,
      height,
      animated,
      thumbnailUrl && (await get(ann, thumbnailUrl)).headers.get('content-type'),
    ];
  };
  expect(await seen(GIF, 'image/gif', 'cat.gif')).toEqual(['image/gif', 60, 40, true, 'image/jpeg']);
  expect(await seen(ANIMATED_WEBP, 'image/webp', 'cat.webp')).toEqual([
    'image/webp',
    4,
    4,
    true,
    'image/jpeg',
  ]);
  expect(await seen(CMYK, 'image/jpeg', 'print.jpg')).toEqual(['image/jpeg', 16, 8, undefined, 'image/jpeg']);
  expect(await seen(photo(), 'image/jpeg', 'photo.jpg')).toEqual([
    'image/jpeg',
    8,
    16,
    undefined,
    'image/jpeg',
  ]);
  // No server shows these, so they are downloads; the type is told for a client that can.
  expect(await seen(HEIC, 'image/heic', 'IMG_1.HEIC')).toEqual([
    'image/heic',
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(await seen(AVIF, '', 'new.avif')).toEqual([
    'image/avif',
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('a message carries ten files of its sender at most', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const own: string[] = [];
  for (let n = 0; n < 11; n++) own.push((await upload(ann, `${n}`, 'text/plain')).id);
  const theirs = await upload(bob, 'x', 'text/plain');
  const send = (attachments: string[], text = '') =>
    aldis.request('POST', '/api/messages', { receiver: bob.username, text, attachments }, ann.token);
  for (const wrong of [own, [theirs.id], [own[0]!, own[0]!], ['0190b8a2-6c1e-7def-8123-456789abcdef']]) {
    expect((await refused(send(wrong), 422, 'invalid')).field).toBe('attachments');
  }
  await refused(send(['x']), 422, 'invalid');
  await refused(send([]), 422, 'text_empty');
  // Nothing of it was stored.
  expect(await aldis.conversations(ann)).toEqual([]);
  const message = (await (await send(own.slice(1), 'ten')).json()) as Message;
  expect(message.attachments!.map(({ id }) => id)).toEqual(own.slice(1));
});

test('in a group, who came later or has left does not see what it carries', async () => {
  const [ann, bob, eve] = [await aldis.person('ann'), await aldis.person('bob'), await aldis.person('eve')];
  const group = await aldis.call<Conversation>(
    'POST',
    '/api/conversations',
    { title: 'Crew', members: [bob.username] },
    ann.token,
  );
  const { id, url } = await upload(ann, 'ours', 'text/plain');
  await aldis.call('POST', `/api/conversations/${group.id}/messages`, { attachments: [id] }, ann.token);
  expect(await (await get(bob, url)).text()).toBe('ours');
  const member = (who: Person) => `/api/conversations/${group.id}/members/${who.username}`;
  await aldis.call('PUT', member(eve), {}, ann.token);
  await refused(get(eve, url), 404, 'not_found');
  await aldis.call('DELETE', member(bob), undefined, ann.token);
  await refused(get(bob, url), 404, 'not_found');
  // Sent again, Eve sees it.
  await aldis.call(
    'POST',
    `/api/conversations/${group.id}/messages`,
    { text: '', attachments: [id] },
    ann.token,
  );
  expect(await (await get(eve, url)).text()).toBe('ours');
});

test('a link plays one file by range without a token, and ends with its session and its rights', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const [film, other] = [
    await upload(ann, 'a film', 'text/plain'),
    await upload(ann, 'another', 'text/plain'),
  ];
  const message = await aldis.call<Message>(
    'POST',
    '/api/messages',
    { receiver: bob.username, text: '', attachments: [film.id, other.id] },
    ann.token,
  );
  const session = await aldis.login(bob.username);
  const ask = ({ id }: Attachment, token: string) =>
    aldis.call<AttachmentLink>('POST', `/api/attachments/${id}/link`, undefined, token);
  const [link, lasting] = [await ask(film, session.token), await ask(film, bob.token)];
  expect(Date.parse(link.expiresAt) - Date.now()).toBeGreaterThan(3_500_000);
  const open = (url: string, headers: Record<string, string> = {}) => fetch(aldis.url + url, { headers });
  const part = await open(link.url, { range: 'bytes=2-' });
  expect([part.status, await part.text(), part.headers.get('content-range')]).toEqual([
    206,
    'film',
    'bytes 2-5/6',
  ]);
  expect(part.headers.get('cache-control')).toBe('private, no-store');

  // It opens nothing else, and is no token.
  const key = link.url.split('?')[1]!;
  await refused(open(`${other.url}?${key}`), 401, 'token_invalid');
  await refused(open(`${film.url}/thumbnail?${key}`), 401, 'token_required');
  await refused(open(`/api/users/me?${key}`), 401, 'token_required');
  await refused(open('/api/users/me', { authorization: `Bearer ${key.slice(4)}` }), 401, 'token_invalid');
  await refused(open(`${film.url}?key=${bob.token}`), 401, 'token_invalid');
  await refused(open(`${link.url.slice(0, -3)}abc`), 401, 'token_invalid');
  await refused(open(film.url), 401, 'token_required');

  await aldis.call('POST', '/auth/logout', undefined, session.token);
  await refused(open(link.url), 401, 'session_revoked');
  expect((await open(lasting.url)).status).toBe(200);
  await aldis.call(
    'DELETE',
    `/api/conversations/${message.conversationId}/messages/${message.id}`,
    undefined,
    ann.token,
  );
  await refused(open(lasting.url), 404, 'not_found');
  // Nobody finds a key in the log.
  expect(aldis.log.filter((line) => line.includes('key='))).toEqual([]);
});
