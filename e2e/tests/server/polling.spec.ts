import { expect, test } from '@playwright/test';

import { Aldis, answer } from '../../support/aldis.ts';
import { client } from '../../support/live.ts';
import { Polling } from '../../support/wire.ts';

let aldis: Aldis;
test.beforeAll(async () => void (aldis = await Aldis.start(['--memory'])));
test.afterAll(() => aldis.end());

const MIB = 1024 * 1024;

/** A `message` to oneself as a packet that asks for an acknowledgement. */
const message = (id: number, receiver: string, text: string) =>
  `42${id}${JSON.stringify(['message', { receiver, text }])}`;

/**
 * Emits so many messages before there is a connection, then connects by polling; gives the places they got.
 */
async function offline(
  receiver: string,
  token: string,
  count: number,
  opened: (engine: { _maxPayload: number }) => void,
) {
  const { socket } = client(aldis.url, { token }, { transports: ['polling'] });
  let connections = 0;
  socket.io.on('open', () => {
    connections++;
    opened(socket.io.engine as unknown as { _maxPayload: number });
  });
  const text = (number: number) => `${number} ${'x'.repeat(15_000)}`;
  const replies = Promise.all(
    Array.from({ length: count }, (_, n) => socket.emitWithAck('message', { receiver, text: text(n) })),
  );
  socket.connect();
  const places = (await replies).map((reply) => answer(reply).seq);
  expect(connections).toBe(1);
  socket.close();
  return places;
}

test('what was written offline arrives from a client that sends it all in one body', async () => {
  const ann = await aldis.person('ann');
  // As in libraries that do not know `maxPayload`: Java, Python, JavaScript before 4.5.
  const places = await offline(ann.username, ann.token, 60, (engine) => void (engine._maxPayload = 0));
  expect(places).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
});

test('and from one that keeps to what the server announced, however much it is', async () => {
  const ann = await aldis.person('ann');
  let announced = 0;
  const places = await offline(
    ann.username,
    ann.token,
    160,
    ({ _maxPayload }) => void (announced = _maxPayload),
  );
  expect(announced).toBe(MIB);
  expect(places).toEqual(Array.from({ length: 160 }, (_, n) => n + 1));
});

test('a body of exactly as many bytes as are announced', async () => {
  const ann = await aldis.person('ann');
  const polling = await Polling.connect(aldis.url, { token: ann.token });
  const packets = Array.from({ length: 60 }, (_, n) => message(n, ann.username, 'x'.repeat(16_000)));
  const length = packets.join('\x1e').length;
  // Filled up with an event that is answered with an error, long as it is.
  for (let left = polling.maxPayload - length; left > 0;) {
    const size = Math.min(left, 100_000);
    packets.push(`42["x","${'x'.repeat(size - 1 - '42["x",""]'.length)}"]`);
    left -= size;
  }
  expect(packets.join('\x1e').length).toBe(polling.maxPayload);
  expect(await polling.post(...packets)).toMatchObject({ status: 200, body: 'ok' });
  expect(JSON.parse(await polling.until('4359'))).toMatchObject([{ status: 'ok', data: { seq: 60 } }]);
});

test('a body that is longer is refused with what to do, and so is one before the client is let in', async () => {
  const ann = await aldis.person('ann');
  for (const polling of [
    await Polling.connect(aldis.url, { token: ann.token }),
    await Polling.open(aldis.url),
  ]) {
    const packets = Array.from({ length: 100 }, (_, n) => message(n, ann.username, 'x'.repeat(15_000)));
    const { status, message: said } = await polling.post(...packets);
    expect(status).toBe(413);
    expect(said).toMatch(/at most \d+ bytes.*the session is closed.*nothing of this body was handled/i);
    // It is known for a moment yet, and says why it has ended.
    const after = await polling.get();
    expect([after.status, after.message]).toEqual([
      400,
      expect.stringMatching(/Session ID unknown|packet_too_large/),
    ]);
  }
  // Nothing of either was stored.
  expect(await aldis.conversations(ann)).toEqual([]);
});

test('a packet over its limit closes the session with the reason; what came before it is stored', async () => {
  const ann = await aldis.person('ann');
  const polling = await Polling.connect(aldis.url, { token: ann.token });
  const long = message(2, ann.username, 'x'.repeat(128 * 1024));
  const { status, message: said } = await polling.post(
    message(1, ann.username, 'before'),
    long,
    message(3, ann.username, 'after'),
  );
  expect(status).toBe(413);
  expect(said).toContain('packet_too_large');
  expect((await polling.get()).status).toBe(400);
  const [conversation] = await aldis.conversations(ann);
  expect((await aldis.messages(ann, conversation!.id)).map(({ text }) => text)).toEqual(['before']);
});

test('binary packets with white space in them, or without padding', async () => {
  const ann = await aldis.person('ann');
  const polling = await Polling.connect(aldis.url, { token: ann.token });
  for (const binary of ['bAQIDBA==', 'bAQIDBA', 'bAQ\r\nID\nBA==\n', 'b AQ ID BA']) {
    expect((await polling.post('451-7["message",{"_placeholder":true,"num":0}]', binary)).body).toBe('ok');
    expect(JSON.parse(await polling.until('437'))).toMatchObject([
      { status: 'error', error: { code: 'malformed' } },
    ]);
  }
});
