import { request } from 'node:http';
import { connect } from 'node:net';

import { expect, test } from '@playwright/test';

import { Aldis, PASSWORD, say } from '../../support/aldis.ts';
import { refused } from '../../support/check.ts';
import { client, join } from '../../support/live.ts';
import type { Conversation, Message, Page, User } from '../../../web/src/app/protocol/protocol.ts';

let aldis: Aldis;
test.beforeAll(async () => void (aldis = await Aldis.start()));
test.afterAll(() => aldis.end());

test('requests that cannot be read', async () => {
  const { token } = await aldis.person('sloppy');
  const send = (body: unknown, headers = {}) => aldis.request('POST', '/api/messages', body, token, headers);
  await refused(send('{"receiver":'), 400, 'malformed');
  await refused(send(''), 400, 'malformed');
  await refused(send('{"text":"x"} {}'), 400, 'malformed');
  await refused(send('[]'), 422, 'invalid');
  // The fields in their order are not the fields.
  const { detail } = await refused(
    aldis.request('POST', '/auth/register', ['positional', PASSWORD, null, null]),
    422,
    'invalid',
  );
  expect(detail).toBe('Send an object.');
  await refused(send('["'), 400, 'malformed');
  expect((await refused(send('{"text":"x","text":"y"}'), 422, 'invalid')).field).toBe('text');
  await refused(send('{}', { 'content-type': 'text/plain' }), 415, 'unsupported_media_type');
  await refused(send(`{"text":"${'x'.repeat(300 * 1024)}"}`), 413, 'too_large');
  expect((await refused(send({ receiver: 'x', text: 5 }), 422, 'invalid')).field).toBe('text');
  const group = { title: 'Crew', members: [], history: 5 };
  expect(
    (await refused(aldis.request('POST', '/api/conversations', group, token), 422, 'invalid')).field,
  ).toBe('history');
  await refused(aldis.request('GET', '/api/nothing'), 404, 'not_found');
  await refused(aldis.request('PUT', '/auth/login', {}), 405, 'method_not_allowed');
  await refused(aldis.request('POST', '/', {}), 405, 'method_not_allowed');
});

test('messages by HTTP, once for each Idempotency-Key', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const live = client(aldis.url, { token: bob.token });
  await join(live);
  const send = (body: object, key?: string) =>
    aldis.request('POST', '/api/messages', body, ann.token, key ? { 'idempotency-key': key } : {});
  const body = { receiver: bob.username, text: 'by HTTP' };
  const first = await send(body, 'key-1');
  expect(first.status).toBe(201);
  const message = (await first.json()) as Message;
  expect(message).toMatchObject({ clientId: 'key-1', sender: ann.username, receiver: bob.username, seq: 1 });
  const again = await send(body, 'key-1');
  expect([again.status, await again.json()]).toEqual([200, message]);
  await refused(send({ ...body, text: 'something else' }, 'key-1'), 409, 'client_id_reused');
  await refused(send({ ...body, clientId: 'key-2' }, 'key-1'), 422, 'invalid');
  await refused(send({ receiver: 'nobody-at-all', text: 'x' }), 404, 'receiver_unknown');
  await refused(send({ ...body, sender: bob.username }), 403, 'sender_mismatch');
  await refused(send({ ...body, text: ' \n ' }), 422, 'text_empty');
  await refused(send({ ...body, text: 'x'.repeat(16 * 1024 + 1) }), 413, 'text_too_long');
  await refused(send({ text: 'x' }), 422, 'invalid');
  await refused(send({ ...body, conversationId: message.conversationId }), 422, 'invalid');

  const second = await aldis.request(
    'POST',
    `/api/conversations/${message.conversationId}/messages`,
    { text: 'there' },
    ann.token,
  );
  expect(second.status).toBe(201);
  expect((await live.messages.reaches(2)).map(({ seq, text }) => [seq, text])).toEqual([
    [1, 'by HTTP'],
    [2, 'there'],
  ]);
  live.socket.close();
});

test('history pages in every direction', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const live = client(aldis.url, { token: ann.token });
  await join(live);
  let id = '';
  for (let count = 1; count <= 12; count++) {
    ({ conversationId: id } = await say(live.socket, { receiver: bob.username, text: `${count}` }));
  }
  live.socket.close();
  const page = async (query: string) => {
    const { items } = await aldis.call<Page<Message>>(
      'GET',
      `/api/conversations/${id}/messages${query}`,
      undefined,
      bob.token,
    );
    return items.map(({ seq }) => seq);
  };
  expect(await page('')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(await page('?limit=3')).toEqual([10, 11, 12]);
  expect(await page('?beforeSeq=4&limit=2')).toEqual([2, 3]);
  expect(await page('?afterSeq=10')).toEqual([11, 12]);
  expect(await page('?aroundSeq=6&limit=5')).toEqual([4, 5, 6, 7, 8]);
  expect(await page('?aroundSeq=1&limit=4')).toEqual([1, 2, 3, 4]);
  expect(await page('?aroundSeq=12&limit=4')).toEqual([10, 11, 12]);
  expect(await page('?aroundTime=2000-01-01T00:00:00Z&limit=2')).toEqual([1, 2]);
  expect(await page('?aroundTime=2100-01-01T00:00:00%2B02:00&limit=4')).toEqual([11, 12]);
});

test('queries that do not fit', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const { conversationId } = (await (
    await aldis.request('POST', '/api/messages', { receiver: bob.username, text: 'x' }, ann.token)
  ).json()) as Message;
  const get = (query: string) =>
    aldis.request('GET', `/api/conversations/${conversationId}/messages${query}`, undefined, ann.token);
  for (const query of [
    '?limit=0',
    '?limit=201',
    '?limit=many',
    '?beforeSeq=1&afterSeq=2',
    '?beforeSeq=-1',
    '?afterSeq=99999999999999999999',
  ]) {
    await refused(get(query), 422, 'invalid');
  }
  expect((await get('?beforeSeq=18446744073709551615')).status).toBe(200);
  await refused(
    aldis.request('GET', '/api/conversations?next=nonsense', undefined, ann.token),
    400,
    'cursor_invalid',
  );
});

test('what is not yours is not there', async () => {
  const [ann, bob, eve] = [await aldis.person('ann'), await aldis.person('bob'), await aldis.person('eve')];
  const { conversationId: id } = (await (
    await aldis.request('POST', '/api/messages', { receiver: bob.username, text: 'secret' }, ann.token)
  ).json()) as Message;
  await refused(aldis.request('GET', `/api/conversations/${id}`, undefined, eve.token), 404, 'not_found');
  await refused(
    aldis.request('GET', `/api/conversations/${id}/messages`, undefined, eve.token),
    404,
    'not_found',
  );
  await refused(
    aldis.request('POST', `/api/conversations/${id}/messages`, { text: 'x' }, eve.token),
    404,
    'not_found',
  );
  await refused(aldis.request('GET', `/api/conversations/${id}`), 401, 'token_required');
  expect(await aldis.conversations(eve)).toEqual([]);
});

test('the list of conversations: newest first, with what is unread, in pages', async () => {
  const ann = await aldis.person('lister');
  const others: string[] = [];
  for (let count = 0; count < 52; count++) {
    const other = await aldis.call<Message>(
      'POST',
      '/api/messages',
      { receiver: (await person(count)).username, text: `to ${count}` },
      ann.token,
    );
    others.push(other.conversationId);
  }
  async function person(count: number) {
    const person = await aldis.person(`other${count}`);
    if (count === 3)
      await aldis.call('POST', '/api/messages', { receiver: ann.username, text: 'first' }, person.token);
    return person;
  }
  const first = await aldis.call<Page<Conversation>>('GET', '/api/conversations', undefined, ann.token);
  expect(first.items).toHaveLength(50);
  const second = await aldis.call<Page<Conversation>>(
    'GET',
    `/api/conversations?next=${first.next}`,
    undefined,
    ann.token,
  );
  expect(second.next).toBeUndefined();
  const listed = [...first.items, ...second.items];
  expect(listed.map(({ id }) => id)).toEqual([...others].reverse());
  const withUnread = listed.find(({ id }) => id === others[3])!;
  expect(withUnread).toMatchObject({
    kind: 'direct',
    headSeq: 2,
    unread: 1,
    muted: false,
    lastMessage: { text: 'to 3', seq: 2 },
  });
  expect(withUnread.members.map(({ username }) => username)).toContain(ann.username);
});

test('users', async () => {
  const [ann, bob] = [await aldis.person('ann', 'Ann Lee'), await aldis.person('bob')];
  await aldis.call('POST', '/auth/register', {
    username: 'unverified',
    password: bob.password,
    email: 'u@example.org',
  });
  expect(await aldis.call<User>('GET', '/api/users/me', undefined, ann.token)).toMatchObject({
    username: ann.username,
    displayName: 'Ann Lee',
  });
  const other = await aldis.call<User>(
    'GET',
    `/api/users/${ann.username.toUpperCase()}`,
    undefined,
    bob.token,
  );
  expect(other).toEqual({ username: ann.username, displayName: 'Ann Lee', createdAt: expect.any(String) });
  await refused(aldis.request('GET', '/api/users/nobody-at-all', undefined, bob.token), 404, 'not_found');
  await refused(aldis.request('GET', '/api/users/unverified', undefined, bob.token), 404, 'not_found');
  await refused(aldis.request('GET', '/api/users/a%2F..%2Fb', undefined, bob.token), 404, 'not_found');
});

test('a request names one host', async () => {
  const status = async (hosts: string[], version = '1.1') => {
    const socket = connect(Number(new URL(aldis.url).port), '127.0.0.1');
    socket.write(
      `GET /livez HTTP/${version}\r\n${hosts.map((host) => `Host: ${host}\r\n`).join('')}Connection: close\r\n\r\n`,
    );
    let answer = '';
    for await (const bytes of socket) answer += String(bytes);
    return Number(answer.split(' ')[1]);
  };
  expect(await status(['localhost'])).toBe(200);
  expect(await status([])).toBe(400);
  expect(await status(['localhost', 'evil.example'])).toBe(400);
  expect(await status([], '1.0')).toBe(200);
});

test('a socket at another path is told where it belongs', async () => {
  for (const path of ['/', '/chat/socket.io/', '/api/socket.io/', '/socket.io.js']) {
    const { detail } = await refused(fetch(`${aldis.url}${path}?EIO=4&transport=polling`), 404, 'not_found');
    expect(detail).toContain('/socket.io/');
  }
});

test('pages of other sites are refused, those of localhost let in', async () => {
  const get = (origin: string, method = 'GET', headers = {}) =>
    fetch(`${aldis.url}/livez`, { method, headers: { origin, ...headers } });
  await refused(get('https://evil.example'), 403, 'origin_not_allowed');
  await refused(get('null'), 403, 'origin_not_allowed');
  const polling = await fetch(`${aldis.url}/socket.io/?EIO=4&transport=polling`, {
    headers: { origin: 'https://evil.example' },
  });
  expect(polling.status).toBe(403);

  const local = await get('http://localhost:4200');
  expect(local.status).toBe(200);
  expect(local.headers.get('access-control-allow-origin')).toBe('http://localhost:4200');
  const preflight = await get('http://localhost:4200', 'OPTIONS', {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,x-trace-id',
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization,x-trace-id');
  const own = await get(aldis.url);
  expect([own.status, own.headers.get('access-control-allow-origin')]).toEqual([200, null]);
});

test('on loopback a name that somebody led there is not the own one, but for a proxy', async () => {
  // Not by fetch, which sets the host itself.
  const named = (url: string, host: string, origin: string) =>
    new Promise<number>((done, failed) => {
      request(`${url}/livez`, { headers: { host, origin } }, ({ statusCode }) => done(statusCode!))
        .on('error', failed)
        .end();
    });
  expect(await named(aldis.url, 'evil.example', 'http://evil.example')).toBe(403);
  expect(await named(aldis.url, 'chat.localhost:5000', 'http://chat.localhost:5000')).toBe(200);
  const flags = ['--memory', '--metrics-listen', 'off', '--allow-fixed-otp'];
  for (const more of [
    ['--trusted-proxy', '127.0.0.1'],
    ['--allow-origin', 'https://Chat.example.org/'],
  ]) {
    const own = await Aldis.start([...flags, ...more]);
    try {
      expect(await named(own.url, 'chat.example.org', 'https://chat.example.org')).toBe(200);
      expect(await named(own.url, 'chat.example.org:443', 'https://chat.example.org')).toBe(200);
      expect(await named(own.url, 'chat.example.org', 'https://evil.example')).toBe(403);
    } finally {
      await own.end();
    }
  }
});

test('every answer has the headers that protect', async () => {
  for (const path of ['/', '/livez', '/api/nothing']) {
    const { headers } = await fetch(aldis.url + path);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    // The socket is the server's own, too.
    expect(headers.get('content-security-policy')).toContain("connect-src 'self';");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  }
});

test('the web client is served compressed and cached by what it is', async () => {
  const page = await fetch(aldis.url, { headers: { 'accept-encoding': 'br' } });
  expect(page.headers.get('content-encoding')).toBe('br');
  expect(page.headers.get('cache-control')).toBe('no-cache');
  const html = await page.text();
  for (const route of ['c/some-route', '@ann', '@ann.lee']) {
    expect(await (await fetch(`${aldis.url}/${route}`)).text()).toBe(html);
  }
  const again = await fetch(aldis.url, {
    headers: { 'accept-encoding': 'br', 'if-none-match': page.headers.get('etag')! },
  });
  expect(again.status).toBe(304);
  const script = /src="\/(main-[^"]+\.js)"/.exec(html)![1]!;
  const { headers } = await fetch(`${aldis.url}/${script}`);
  expect(headers.get('cache-control')).toBe('max-age=31536000, immutable');
  expect(headers.get('content-type')).toBe('text/javascript');
  await refused(fetch(`${aldis.url}/missing-ABCD1234.js`), 404, 'not_found');
  expect((await fetch(`${aldis.url}/..%2f..%2fCargo.toml`)).status).toBe(404);
});

test('long answers to programs are compressed', async () => {
  const answer = await fetch(`${aldis.url}/openapi.json`);
  expect(answer.headers.get('content-encoding')).toBe('gzip');
});

test('the descriptions are those that are committed', async () => {
  const { readFile } = await import('node:fs/promises');
  for (const name of ['openapi', 'asyncapi']) {
    const document = await aldis.call<Record<string, string>>('GET', `/${name}.json`);
    expect(document[name]).toMatch(/^3\./);
    const committed = await readFile(new URL(`../../../docs/${name}.json`, import.meta.url), 'utf8');
    expect(document).toEqual(JSON.parse(committed));
  }
});
