import { expect, test } from '@playwright/test';
import { Manager } from 'socket.io-client';

import { Aldis, type Live, say } from '../../support/aldis.ts';
import { problem } from '../../support/check.ts';
import type { Problem } from '../../../web/src/app/protocol/protocol.ts';

let aldis: Aldis;
test.beforeAll(async () => void (aldis = await Aldis.start(['--memory'])));
test.afterAll(() => aldis.end());

type Refused = Error & { data: Problem };

/** Two namespaces on one connection, as `io('/')` and `io('/chat')` have them. */
function multiplexed(token: string, transports: string[]) {
  const manager = new Manager(aldis.url, { transports, autoConnect: false });
  const main: Live = manager.socket('/', { auth: { token } });
  const chat = manager.socket('/chat', { auth: { token } });
  let disconnects = 0;
  main.on('disconnect', () => void disconnects++);
  return {
    manager,
    main,
    chat,
    connected: new Promise<void>((done) => main.once('connect', done)),
    refused: new Promise<Refused>((done) => chat.once('connect_error', (error) => done(error as Refused))),
    disconnects: () => disconnects,
  };
}

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  for (const order of ['first', 'last']) {
    test(`over ${transports.join(' and then ')} an unknown namespace that is asked for ${order} is refused alone`, async () => {
      const ann = await aldis.person('ann');
      const { manager, main, chat, connected, refused, disconnects } = multiplexed(ann.token, transports);
      for (const socket of order === 'first' ? [chat, main] : [main, chat]) socket.connect();
      const { message, data } = await refused;
      expect(message).toBe('namespace_unknown');
      expect(problem(data, 404, 'namespace_unknown').detail).toContain('/');
      await connected;
      expect(await say(main, { receiver: ann.username, text: 'alive' })).toMatchObject({ seq: 1 });
      // Neither of them is tried again.
      expect([disconnects(), main.connected, chat.active, manager.engine.readyState]).toEqual([
        0,
        true,
        false,
        'open',
      ]);
      // Asked for once more on the open connection, it is refused once more.
      const again = new Promise<Error>((done) => chat.once('connect_error', done));
      chat.connect();
      expect((await again).message).toBe('namespace_unknown');
      expect(await say(main, { receiver: ann.username, text: 'still alive' })).toMatchObject({ seq: 2 });
      expect(disconnects()).toBe(0);
      main.close();
    });
  }
}

test('an unknown namespace is refused before the token is looked at', async () => {
  const { main, chat, refused } = multiplexed('nonsense', ['websocket']);
  chat.connect();
  expect((await refused).message).toBe('namespace_unknown');
  main.close();
});
