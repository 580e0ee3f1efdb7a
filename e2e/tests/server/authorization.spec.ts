/**
 * Who may do what: every route and every event, tried by everybody, with what is expected in one table. Every
 * text that is sent names its audience, and whoever receives one that is not for them fails the test.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { expect, test } from '@playwright/test';

import type { ApiToken, Conversation, Message, Reply } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, PASSWORD, type Person } from '../../support/aldis.ts';
import { Issuer } from '../../support/issuer.ts';
import { client, join, type Client } from '../../support/live.ts';
import { png } from '../../support/png.ts';

// A program shows an API token of the owner's. The hosted member shows a token of a host application. The operator is an admin of the server, and a stranger to all groups.
const ROLES = [
  'anonymous',
  'stranger',
  'operator',
  'former',
  'blocked',
  'member',
  'hosted',
  'admin',
  'owner',
  'program',
] as const;
type Role = (typeof ROLES)[number];
type Known = Exclude<Role, 'anonymous'>;
/**
 * The status of an answer; over the socket, that of the problem, 200 where there is none, and 401 for who is
 * not let in.
 */
type Expected = Record<Role, number>;

/** A group as everybody is to it; a new one for each try. */
interface World {
  group: Conversation;
  /** Of the owner, in the group. */
  message: Message;
  /** Of the owner, carried by a message of the group. */
  attachment: string;
  /** A session of the owner's. */
  session: string;
  /** An API token of the owner's. */
  apiToken: string;
}

/** A body that is no JSON. */
interface File {
  type: string;
  bytes: string | Buffer<ArrayBuffer>;
}

interface Row {
  /** As in the description, with what is tried where that is not all. */
  route: string;
  body?: (world: World, role: Role) => unknown;
  /** Instead of the path of the route with its parameters. */
  path?: (world: World, role: Role) => string;
  raw?: File;
  expected: Expected;
  /** What it needs beyond the group. */
  needs?: 'session' | 'own session' | 'api token' | 'attachment' | 'picture';
}

interface EventRow {
  event: string;
  payload: (world: World, role: Role) => unknown;
  expected: Expected;
}

const everybody = (status: number): Expected =>
  Object.fromEntries(ROLES.map((role) => [role, status])) as Expected;
const known = (status: number): Expected => ({ ...everybody(status), anonymous: 401 });
const members = (status: number): Expected => ({
  ...known(404),
  member: status,
  hosted: status,
  admin: status,
  owner: status,
  program: status,
});
const leaders = (status: number): Expected => ({ ...members(status), member: 403, hosted: 403 });
const owner = (status: number): Expected => ({ ...leaders(status), admin: 403 });
/** What is for a person to decide and not for a program. */
const inPerson = (status: number): Expected => ({ ...known(status), program: 403 });
/** What rules over an account needs a login. */
const loggedIn = (status: number): Expected => ({ ...inPerson(status), hosted: 403 });
/** Who leads a group is no admin of the server. */
const operator = (status: number): Expected => ({ ...known(403), operator: status });

let aldis: Aldis;
let issuer: Issuer;
let people: Record<Known, Person>;
let newcomer: Person;
/** Groups with a picture that were made. */
let pictures = 0;
const live = new Map<Known, Client>();
const IN_GROUP: Known[] = ['member', 'hosted', 'admin', 'owner'];

/** A text for these people alone. */
const canary = (...audience: Role[]) =>
  `canary for ${audience.map((role) => (role === 'anonymous' ? 'nobody' : people[role].username)).join(' ')} .`;
const PICTURE: File = { type: 'image/png', bytes: Buffer.from(png(9, 9)) };
const forGroup = () => canary(...IN_GROUP);

const ROWS: Row[] = [
  ...['GET /livez', 'GET /readyz', 'GET /.well-known/jwks.json', 'GET /auth/settings'].map((route) => ({
    route,
    expected: everybody(200),
  })),
  {
    route: 'POST /auth/register',
    body: (_, role) => ({ username: `matrix-${role}-${Date.now() % 1e9}`, password: PASSWORD }),
    expected: everybody(201),
  },
  {
    route: 'POST /auth/verify',
    body: () => ({ username: people.owner.username, otp: '000000' }),
    expected: everybody(400),
  },
  { route: 'POST /auth/resend', body: () => ({ username: 'nobody-at-all' }), expected: everybody(202) },
  {
    route: 'POST /auth/login',
    body: () => ({ username: people.owner.username, password: 'not the password' }),
    expected: everybody(401),
  },
  { route: 'POST /auth/refresh', body: () => ({ refreshToken: 'nothing' }), expected: everybody(401) },
  { route: 'POST /auth/logout', needs: 'own session', expected: loggedIn(204) },
  { route: 'GET /auth/sessions', expected: loggedIn(200) },
  {
    route: 'DELETE /auth/sessions/{id}',
    path: ({ session }) => `/auth/sessions/${session}`,
    needs: 'session',
    expected: { ...loggedIn(404), owner: 204 },
  },
  {
    route: 'POST /auth/password',
    body: () => ({ password: 'not the password', newPassword: PASSWORD }),
    expected: loggedIn(401),
  },
  { route: 'POST /auth/forgot', body: () => ({ username: 'nobody-at-all' }), expected: everybody(202) },
  {
    route: 'POST /auth/reset',
    body: () => ({ username: people.owner.username, otp: '000000', newPassword: PASSWORD }),
    expected: everybody(400),
  },
  {
    route: 'POST /auth/email',
    body: () => ({ password: 'not the password', email: 'somebody@example.org' }),
    expected: loggedIn(401),
  },
  { route: 'POST /auth/email/verify', body: () => ({ otp: '000000' }), expected: loggedIn(400) },
  {
    route: 'DELETE /auth/account',
    body: () => ({ password: 'not the password' }),
    expected: loggedIn(401),
  },
  { route: 'GET /auth/export', expected: loggedIn(200) },
  { route: 'POST /auth/tokens', body: () => ({ name: 'bot' }), expected: loggedIn(201) },
  { route: 'GET /auth/tokens', expected: loggedIn(200) },
  {
    route: 'DELETE /auth/tokens/{id}',
    path: ({ apiToken }) => `/auth/tokens/${apiToken}`,
    needs: 'api token',
    expected: { ...loggedIn(404), owner: 204 },
  },

  { route: 'GET /admin/users', expected: operator(200) },
  {
    route: 'POST /admin/users',
    body: () => ({ username: `matrix-made-${Date.now() % 1e9}` }),
    expected: operator(201),
  },
  { route: 'GET /admin/users/{username}', path: () => adminOf(newcomer), expected: operator(200) },
  {
    route: 'PATCH /admin/users/{username}',
    path: () => adminOf(newcomer),
    body: () => ({ displayName: 'Renamed' }),
    expected: operator(200),
  },
  {
    route: 'PATCH /admin/users/{username} themselves',
    path: (_, role) => adminOf(role === 'anonymous' ? newcomer : people[role]),
    body: () => ({ role: 'admin' }),
    expected: operator(200),
  },
  {
    route: 'POST /admin/users/{username}/logout',
    path: () => `${adminOf(newcomer)}/logout`,
    expected: operator(204),
  },
  {
    route: 'POST /admin/users/{username}/reset',
    path: () => `${adminOf(newcomer)}/reset`,
    expected: operator(200),
  },
  {
    route: 'DELETE /admin/users/{username}',
    path: () => '/admin/users/nobody-at-all',
    expected: operator(404),
  },
  { route: 'GET /admin/audit', expected: operator(200) },
  { route: 'GET /admin/stats', expected: operator(200) },
  { route: 'GET /admin/reports', expected: operator(200) },
  {
    route: 'PATCH /admin/reports/{id}',
    path: ({ group }) => `/admin/reports/${group.id}`,
    body: () => ({ resolved: true }),
    expected: operator(404),
  },
  {
    route: 'DELETE /admin/reports/{id}/message',
    path: ({ group }) => `/admin/reports/${group.id}/message`,
    expected: operator(404),
  },
  { route: 'POST /admin/invites', body: () => ({ uses: 1 }), expected: operator(201) },
  { route: 'GET /admin/invites', expected: operator(200) },
  { route: 'DELETE /admin/invites/{code}', path: () => '/admin/invites/none', expected: operator(404) },

  { route: 'GET /api/users/me', expected: known(200) },
  { route: 'PATCH /api/users/me', body: () => ({ displayName: 'Somebody' }), expected: inPerson(200) },
  { route: 'GET /api/users', path: () => '/api/users?query=own', expected: known(200) },
  {
    route: 'GET /api/users/{username}',
    path: () => `/api/users/${people.owner.username}`,
    expected: known(200),
  },
  { route: 'PUT /api/users/me/picture', raw: PICTURE, expected: inPerson(200) },
  { route: 'DELETE /api/users/me/picture', expected: inPerson(204) },
  {
    route: 'GET /api/users/{username}/picture',
    path: () => `/api/users/${newcomer.username}/picture`,
    expected: known(200),
  },
  { route: 'GET /api/blocks', expected: known(200) },
  {
    route: 'PUT /api/blocks/{username}',
    path: () => `/api/blocks/${newcomer.username}`,
    expected: known(200),
  },
  {
    route: 'GET /api/blocks/{username}',
    path: () => `/api/blocks/${newcomer.username}`,
    expected: known(200),
  },
  // The program finds that the owner, whom it stands for, has done so.
  {
    route: 'DELETE /api/blocks/{username}',
    path: () => `/api/blocks/${newcomer.username}`,
    expected: { ...known(204), program: 404 },
  },

  { route: 'GET /api/conversations', expected: known(200) },
  // A blocked person cannot bring in who has blocked them.
  {
    route: 'POST /api/conversations',
    body: () => ({ title: 'New', members: [people.owner.username] }),
    expected: { ...known(201), blocked: 403 },
  },
  { route: 'GET /api/conversations/{id}', expected: members(200) },
  { route: 'PATCH /api/conversations/{id}', body: () => ({ title: 'Renamed' }), expected: leaders(200) },
  { route: 'PATCH /api/conversations/{id} muted', body: () => ({ muted: true }), expected: members(200) },
  { route: 'DELETE /api/conversations/{id}', expected: { ...members(204), owner: 409, program: 409 } },
  { route: 'PUT /api/conversations/{id}/picture', raw: PICTURE, expected: leaders(200) },
  { route: 'DELETE /api/conversations/{id}/picture', expected: leaders(204) },
  { route: 'GET /api/conversations/{id}/picture', needs: 'picture', expected: members(200) },
  { route: 'GET /api/conversations/{id}/members', expected: members(200) },
  {
    route: 'PUT /api/conversations/{id}/members/{username}',
    path: ({ group }) => member(group, newcomer.username),
    expected: leaders(200),
  },
  {
    route: 'PUT /api/conversations/{id}/members/{username} admin',
    path: ({ group }) => member(group, people.member.username),
    body: () => ({ role: 'admin' }),
    expected: owner(200),
  },
  {
    route: 'PUT /api/conversations/{id}/members/{username} owner',
    path: ({ group }) => member(group, people.admin.username),
    body: () => ({ role: 'owner' }),
    expected: owner(200),
  },
  // Who takes out themselves leaves.
  {
    route: 'DELETE /api/conversations/{id}/members/{username}',
    path: ({ group }) => member(group, people.member.username),
    expected: { ...leaders(200), member: 204 },
  },
  {
    route: 'DELETE /api/conversations/{id}/members/{username} admin',
    path: ({ group }) => member(group, people.admin.username),
    expected: { ...owner(200), admin: 204 },
  },
  { route: 'GET /api/conversations/{id}/invitations', expected: leaders(200) },
  { route: 'GET /api/invitations', expected: known(200) },
  // Nobody is invited; whoever is a member has accepted already.
  { route: 'POST /api/invitations/{id}', expected: members(200) },
  { route: 'DELETE /api/invitations/{id}', expected: known(404) },
  // Nobody reports their own.
  {
    route: 'POST /api/reports',
    body: ({ group, message }) => ({ conversationId: group.id, messageId: message.id }),
    expected: { ...members(204), owner: 422, program: 422 },
  },
  {
    route: 'POST /api/reports of a person',
    path: () => '/api/reports',
    body: () => ({ username: newcomer.username }),
    expected: known(204),
  },
  { route: 'GET /api/conversations/{id}/messages', expected: members(200) },
  { route: 'GET /api/conversations/{id}/changes', expected: members(200) },
  {
    route: 'GET /api/conversations/{id}/attachments',
    path: ({ group }) => `/api/conversations/${group.id}/attachments?kind=files`,
    needs: 'attachment',
    expected: members(200),
  },
  {
    route: 'POST /api/conversations/{id}/messages',
    body: () => ({ text: forGroup() }),
    expected: members(201),
  },
  // What a blocked person sends is answered as always, and reaches nobody.
  {
    route: 'POST /api/messages',
    body: (_, role) => ({
      receiver: people.owner.username,
      text: role === 'blocked' ? canary('blocked') : canary(role, 'owner'),
    }),
    expected: known(201),
  },
  {
    route: 'POST /api/messages conversation',
    path: () => '/api/messages',
    body: ({ group }) => ({ conversationId: group.id, text: forGroup() }),
    expected: members(201),
  },
  {
    route: 'PATCH /api/conversations/{id}/messages/{messageId}',
    body: () => ({ text: forGroup() }),
    expected: owner(200),
  },
  { route: 'DELETE /api/conversations/{id}/messages/{messageId}', expected: leaders(200) },
  { route: 'GET /api/conversations/{id}/messages/{messageId}/reactions', expected: members(200) },
  { route: 'PUT /api/conversations/{id}/messages/{messageId}/reactions/{emoji}', expected: members(200) },
  { route: 'DELETE /api/conversations/{id}/messages/{messageId}/reactions/{emoji}', expected: members(200) },
  {
    route: 'POST /api/conversations/{id}/receipt',
    body: () => ({ deliveredSeq: 1 }),
    expected: members(200),
  },
  { route: 'GET /api/search', path: () => '/api/search?q=canary', expected: known(200) },
  {
    route: 'GET /api/search in it',
    path: ({ group }) => `/api/search?q=canary&conversationId=${group.id}`,
    expected: members(200),
  },
  { route: 'GET /api/sync', expected: known(200) },
  {
    route: 'POST /api/attachments',
    path: () => '/api/attachments?name=note.txt',
    raw: { type: 'text/plain', bytes: 'a note' },
    expected: known(201),
  },
  {
    route: 'GET /api/attachments/{id}',
    path: ({ attachment }) => `/api/attachments/${attachment}`,
    needs: 'attachment',
    expected: members(200),
  },
  {
    route: 'POST /api/attachments/{id}/link',
    path: ({ attachment }) => `/api/attachments/${attachment}/link`,
    needs: 'attachment',
    expected: { ...members(200), program: 403 },
  },
  // There is none of a text.
  {
    route: 'GET /api/attachments/{id}/thumbnail',
    path: ({ attachment }) => `/api/attachments/${attachment}/thumbnail`,
    needs: 'attachment',
    expected: known(404),
  },
];

const place = ({ group, message }: World) => ({ conversationId: group.id, id: message.id });
const EVENTS: EventRow[] = [
  {
    event: 'message',
    payload: ({ group }) => ({ conversationId: group.id, text: forGroup() }),
    expected: members(200),
  },
  {
    event: 'message to a person',
    payload: (_, role) => ({
      receiver: people.owner.username,
      text: role === 'blocked' ? canary('blocked') : canary(role, 'owner'),
    }),
    expected: known(200),
  },
  {
    event: 'message:edit',
    payload: (world) => ({ ...place(world), text: forGroup() }),
    expected: owner(200),
  },
  { event: 'message:delete', payload: place, expected: leaders(200) },
  {
    event: 'message:react',
    payload: (world) => ({ ...place(world), emoji: '👍', on: true }),
    expected: members(200),
  },
  {
    event: 'receipt',
    payload: ({ group }) => ({ conversationId: group.id, readSeq: 1 }),
    expected: members(200),
  },
  { event: 'sync', payload: () => ({}), expected: known(200) },
  {
    event: 'typing',
    payload: ({ group }) => ({ conversationId: group.id, typing: true }),
    expected: members(200),
  },
  // A token of a host application prolongs the sockets of that application's people.
  {
    event: 'auth:renew',
    payload: () => ({ token: people.hosted.token }),
    expected: { ...known(403), hosted: 200 },
  },
  { event: 'presence:watch', payload: () => ({ usernames: [people.owner.username] }), expected: known(200) },
];

const member = (group: Conversation, username: string) =>
  `/api/conversations/${group.id}/members/${username}`;

const adminOf = ({ username }: Person) => `/admin/users/${username}`;

test.beforeAll(async () => {
  issuer = await Issuer.start();
  aldis = await Aldis.start([
    ...(await issuer.trusted()),
    '--message-burst',
    '1000000',
    '--messages-per-second',
    '1000000',
    '--added-to-groups-per-hour',
    '1000000',
  ]);
  const made = ROLES.filter((role) => !['anonymous', 'program', 'hosted'].includes(role)).map(
    async (role) => [role, await aldis.person(role)] as const,
  );
  people = Object.fromEntries(await Promise.all(made)) as Record<Known, Person>;
  const { token } = await aldis.call<ApiToken>(
    'POST',
    '/auth/tokens',
    { name: 'program' },
    people.owner.token,
  );
  people.program = { ...people.owner, token: token! };
  const hosted = `Hosted-${process.pid}`;
  people.hosted = { ...people.member, username: hosted, token: await issuer.token(hosted) };
  newcomer = await aldis.person('newcomer');
  await aldis.user('admin', people.operator.username);
  await send('PUT', '/api/users/me/picture', PICTURE, newcomer.token);
  await aldis.call('PUT', `/api/blocks/${people.blocked.username}`, undefined, people.owner.token);
  for (const [role, { token }] of Object.entries(people)) {
    const connected = client(aldis.url, { token });
    await join(connected);
    live.set(role as Known, connected);
  }
});

test.afterAll(async () => {
  await aldis.end();
  await issuer.end();
});

function send(method: string, path: string, { type, bytes }: File, token?: string): Promise<Response> {
  const headers = { 'content-type': type, ...(token ? { authorization: `Bearer ${token}` } : {}) };
  return fetch(aldis.url + path, { method, headers, body: bytes });
}

async function world(row: Pick<Row, 'needs'>): Promise<World> {
  const { owner, admin, member: plain, hosted, former } = people;
  const call = <T>(method: string, path: string, body?: unknown) =>
    aldis.call<T>(method, path, body, owner.token);
  const group = await call<Conversation>('POST', '/api/conversations', {
    title: 'Crew',
    members: [admin, plain, hosted, former].map(({ username }) => username),
  });
  await call('DELETE', member(group, former.username));
  await call('PUT', member(group, admin.username), { role: 'admin' });
  if (row.needs === 'picture') {
    // In turns, because each may upload so many in an hour.
    const leader = pictures++ % 2 ? admin : owner;
    await send('PUT', `/api/conversations/${group.id}/picture`, PICTURE, leader.token);
  }
  let attachment = '';
  if (row.needs === 'attachment') {
    const uploaded = await fetch(`${aldis.url}/api/attachments?name=secret.txt`, {
      method: 'POST',
      headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'text/plain' },
      body: `a secret of ${group.id}`,
    });
    attachment = ((await uploaded.json()) as { id: string }).id;
  }
  const attachments = attachment ? { attachments: [attachment] } : {};
  const message = await call<Message>('POST', `/api/conversations/${group.id}/messages`, {
    text: forGroup(),
    ...attachments,
  });
  let session = '';
  if (row.needs === 'session') {
    const { token } = await aldis.login(owner.username, 'to be ended');
    const sessions = await aldis.call<
      { id: string; current: boolean }[] | { items: { id: string; current: boolean }[] }
    >('GET', '/auth/sessions', undefined, token);
    session = ('items' in sessions ? sessions.items : sessions).find(({ current }) => current)!.id;
  }
  let apiToken = '';
  if (row.needs === 'api token')
    ({ id: apiToken } = await call<ApiToken>('POST', '/auth/tokens', { name: 'to be ended' }));
  return { group, message, attachment, session, apiToken };
}

async function ask(row: Row, role: Role): Promise<number> {
  const made = await world(row);
  const [method, route] = row.route.split(' ') as [string, string];
  const filled = route
    .replace('{id}', made.group.id)
    .replace('{messageId}', made.message.id)
    .replace('{emoji}', encodeURIComponent('👍'));
  const token =
    role === 'anonymous'
      ? undefined
      : row.needs === 'own session' && role !== 'program' && role !== 'hosted'
        ? (await aldis.login(people[role].username)).token
        : people[role].token;
  const path = row.path?.(made, role) ?? filled;
  if (row.raw) {
    return (await send(method, path, row.raw, token)).status;
  }
  return (await aldis.request(method, path, row.body?.(made, role), token)).status;
}

for (const row of ROWS) {
  test(row.route, async () => {
    const answered: Record<string, number> = {};
    for (const role of ROLES) answered[role] = await ask(row, role);
    expect(answered).toEqual(row.expected);
  });
}

for (const { event, payload, expected } of EVENTS) {
  test(`the event ${event}`, async () => {
    const answered: Record<string, number> = {};
    for (const role of ROLES) {
      const made = await world({});
      if (role === 'anonymous') {
        const nobody = client(aldis.url, {});
        answered[role] = await join(nobody).then(
          () => 200,
          () => 401,
        );
        nobody.socket.close();
        continue;
      }
      const { socket } = live.get(role)!;
      const reply = (await socket
        .timeout(10_000)
        .emitWithAck(event.split(' ')[0] as 'message', payload(made, role) as never)) as Reply<unknown>;
      answered[role] = reply.status === 'ok' ? 200 : reply.error.status;
    }
    expect(answered).toEqual(expected);
  });
}

test('nobody received what was not for them', async () => {
  const texts = (value: unknown): string[] => {
    if (typeof value === 'string') return value.startsWith('canary') ? [value] : [];
    return value && typeof value === 'object' ? Object.values(value).flatMap(texts) : [];
  };
  let seen = 0;
  for (const [role, { events }] of live) {
    const { username } = people[role];
    for (const [name, payload] of events.items) {
      for (const text of texts(payload)) {
        seen++;
        expect(text.split(' '), `${username} received ${name}`).toContain(username);
      }
    }
  }
  expect(seen).toBeGreaterThan(100);
  // Nor when they look for it.
  for (const { username, token } of Object.values(people)) {
    for (const { id } of await aldis.conversations({ token })) {
      for (const text of texts(await aldis.messages({ token }, id)))
        expect(text.split(' '), username).toContain(username);
    }
  }
});

test('the table is whole', async () => {
  const { paths } = (await (await fetch(`${aldis.url}/openapi.json`)).json()) as {
    paths: Record<string, object>;
  };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const tried = new Set(ROWS.map(({ route }) => route.split(' ').slice(0, 2).join(' ')));
  expect(described.filter((route) => !tried.has(route))).toEqual([]);
  const types = await readFile(
    resolve(import.meta.dirname, '../../../web/src/app/protocol/protocol.ts'),
    'utf8',
  );
  const events = [
    ...types.slice(types.indexOf('interface ClientToServerEvents')).matchAll(/^ {2}'([^']+)':/gm),
  ].map(([, name]) => name!);
  const emitted = new Set(EVENTS.map(({ event }) => event.split(' ')[0]!));
  expect(events.filter((name) => !emitted.has(name))).toEqual([]);
});
