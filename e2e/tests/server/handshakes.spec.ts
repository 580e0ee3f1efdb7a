import { expect, test } from '@playwright/test';

import { Aldis, type Person } from '../../support/aldis.ts';
import { problem, refusal } from '../../support/check.ts';
import { client, join, refusedConnect } from '../../support/live.ts';
import { HANDSHAKE, POLLING, WEBSOCKET, ask } from '../../support/wire.ts';
import type { Problem, SendMessage } from '../../../web/src/app/protocol/protocol.ts';

let aldis: Aldis;
let ann: Person;
test.beforeAll(async () => {
  aldis = await Aldis.start(['--memory']);
  ann = await aldis.person('ann');
});
test.afterAll(() => aldis.end());

/** The library takes any value, whatever its types say. */
const having = (auth: unknown, options = {}) => client(aldis.url, auth as object, options);

test('auth may be the token alone', async () => {
  const live = having(ann.token);
  await join(live);
  live.socket.close();
  const { message } = await refusedConnect(having('nonsense'));
  expect(message).toBe('token_invalid');
});

test('auth of any other kind is answered with what to send', async () => {
  for (const auth of [5, 1.5, -1, true, [ann.token], [[]]]) {
    const { message, data } = await refusedConnect(having(auth));
    expect(message, JSON.stringify(auth)).toBe('malformed');
    expect(problem(data, 400, 'malformed').detail).toContain('{ token }');
  }
});

test('acks and cursor as texts, which is all that a map of Java holds', async () => {
  const first = having({ token: ann.token, acks: 'false', cursor: '' });
  const cursor = await join(first);
  const errors: Problem[] = [];
  const asked = async (auth: object) => {
    const live = having({ token: ann.token, cursor, ...auth });
    live.socket.on('request:error', (error) => errors.push(error));
    const received = new Promise<unknown[]>((done) =>
      live.socket.once('message', (...args: unknown[]) => done(args)),
    );
    await join(live);
    await first.socket.emitWithAck('message', { receiver: ann.username, text: 'hello' });
    const args = await received;
    live.socket.close();
    return args.length;
  };
  // The second argument is the callback by which the client acknowledges.
  for (const acks of [true, 'true', 'True']) expect(await asked({ acks })).toBe(2);
  for (const acks of [false, 'false', 'False', '']) expect(await asked({ acks })).toBe(1);
  expect(errors).toEqual([]);
  first.socket.close();
});

test('binary as base64 over WebSocket is read', async () => {
  const live = having({ token: ann.token }, { forceBase64: true });
  await join(live);
  const sent = { receiver: ann.username, text: Buffer.from('x') } as unknown as SendMessage;
  refusal(await live.socket.emitWithAck('message', sent), 400, 'malformed');
  expect(live.socket.connected).toBe(true);
  live.socket.close();
});

test('a client that says it has moved before it says anything else, as the Arduino library does', async () => {
  const socket = new WebSocket(aldis.url.replace('http', 'ws') + WEBSOCKET);
  const connected = new Promise<string>((done, failed) => {
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      if (data.startsWith('0'))
        for (const packet of ['5', `40${JSON.stringify({ token: ann.token })}`]) socket.send(packet);
      if (data.startsWith('40')) done(data);
    };
    socket.onclose = ({ code }) => failed(new Error(`closed with ${code}`));
  });
  expect(await connected).toContain('sid');
  socket.onclose = null;
  socket.close();
});

test('clients of older protocols are told which ones are spoken, and by which libraries', async () => {
  for (const [path, headers] of [
    [POLLING, {}],
    [WEBSOCKET, HANDSHAKE],
  ] as const) {
    for (const version of ['EIO=3', 'EIO=5', 'EIO=']) {
      const { status, message } = await ask(aldis.url, path.replace('EIO=4', version), headers);
      expect(status).toBe(400);
      expect(message).toMatch(
        /Unsupported protocol version.*Engine\.IO 4.*Socket\.IO 5.*socket\.io-client 3/,
      );
    }
    const { status, message } = await ask(aldis.url, path.replace('EIO=4&', ''), headers);
    expect(status).toBe(400);
    expect(message).toMatch(/Unsupported protocol version.*EIO.*missing.*Engine\.IO 4/);
  }
});

test('every other request that is refused says what to do', async () => {
  const unknown = 'sid=AAAAAAAAAAAAAAAAAAAAAA';
  for (const [path, said] of [
    ['/socket.io/?EIO=4', /Transport unknown.*transport=polling.*transport=websocket/],
    [`${POLLING}&${unknown}`, /Session ID unknown.*without sid/],
    [`${POLLING}&t=x&sid=`, /Session ID unknown.*without sid/],
    // As a proxy passes it on that does not know of upgrades.
    [WEBSOCKET, /no WebSocket handshake.*proxy.*Connection.*Upgrade/],
  ] as const) {
    const { status, message } = await ask(aldis.url, path);
    expect([status, message]).toEqual([400, expect.stringMatching(said)]);
  }
  // What a cache is fooled with means nothing.
  expect((await ask(aldis.url, `${POLLING}&t=abc`)).status).toBe(200);
});
