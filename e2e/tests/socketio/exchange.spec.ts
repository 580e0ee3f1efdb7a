import { expect } from '@playwright/test';

import { next, test, transports, upgraded } from './server.ts';

for (const [name, list] of Object.entries(transports)) {
  test.describe(name, () => {
    const options = { transports: [...list] };

    test('connects with its auth', async ({ connect }) => {
      const socket = connect('/', { ...options, auth: { token: '123' } });
      expect(await next(socket, 'auth')).toEqual([{ token: '123' }]);
      expect(socket.connected).toBe(true);
      expect(socket.id).toMatch(/^[\w-]{22}$/);
      expect(socket.id).not.toBe(socket.io.engine.id);
      if (name === 'upgrade') await upgraded(socket);
      expect(socket.io.engine.transport.name).toBe(list.at(-1));
    });

    test('events with one to three arguments come back', async ({ connect }) => {
      const socket = connect('/', options);
      for (const args of [[1], ['two', { deep: [true, null] }], [1.5, '€ 😀 "quoted"\n', [[]]]]) {
        const back = next(socket, 'message-back');
        socket.emit('message', ...args);
        expect(await back).toEqual(args);
      }
    });

    test('binary goes both ways', async ({ connect }) => {
      const socket = connect('/', options);
      const large = Buffer.alloc(100_000, 7);
      for (const args of [
        [Buffer.from([1, 2, 3])],
        ['a', { data: Buffer.from([4]), more: [large] }],
        [large, 1, large],
      ]) {
        const back = next(socket, 'message-back');
        socket.emit('message', ...args);
        expect(await back).toEqual(args);
      }
    });

    test('the server acknowledges', async ({ connect }) => {
      const socket = connect('/', options);
      expect(await socket.emitWithAck('message-with-ack', 'one')).toBe('one');
      const answer = await new Promise((resolve) =>
        socket.emit('message-with-ack', 1, { b: Buffer.from([1, 2]) }, 'c', (...args: any[]) =>
          resolve(args),
        ),
      );
      expect(answer).toEqual([1, { b: Buffer.from([1, 2]) }, 'c']);
      // Nobody answers this event.
      await expect(socket.timeout(100).emitWithAck('nothing')).rejects.toThrow('timed out');
      expect(await socket.emitWithAck('message-with-ack', 'two')).toBe('two');
    });

    test('the client acknowledges', async ({ connect }) => {
      const socket = connect('/', options);
      socket.on('question', (...args: any[]) => {
        const answer = args.pop();
        if (args[0] !== 'silence') answer(...args, 'answered');
      });
      for (const args of [['a'], [1, { b: Buffer.from([3, 2, 1]) }]]) {
        const answer = next(socket, 'answer');
        socket.emit('ask-me', ...args);
        expect(await answer).toEqual([...args, 'answered']);
      }
      const none = next(socket, 'no-answer');
      socket.emit('ask-me', 'silence');
      expect(await none).toEqual(['no acknowledgement in time']);
    });

    test('namespaces share a connection', async ({ connect }) => {
      const main = connect('/', options);
      const custom = main.io.socket('/custom', { auth: { who: 'custom' } });
      custom.connect();
      expect(await next(custom, 'auth')).toEqual([{ who: 'custom' }]);
      const back = next(custom, 'message-back');
      custom.emit('message', 'custom');
      expect(await back).toEqual(['custom']);
      custom.disconnect();
      expect(await main.emitWithAck('message-with-ack', 'main')).toBe('main');
      custom.connect();
      expect(await custom.emitWithAck('message-with-ack', 'again')).toBe('again');
      expect(custom.id).not.toBe(main.id);
    });

    test('a refusal tells why', async ({ connect }) => {
      const unknown = connect('/random', options);
      const [error] = await next(unknown, 'connect_error');
      expect(error.message).toBe('Invalid namespace');
      expect(error.data).toBeUndefined();
      const refused = connect('/refused', options);
      const [reason] = await next(refused, 'connect_error');
      expect(reason.message).toBe('refused');
      expect(reason.data).toEqual({ code: 'refused', retryable: false });
      expect(refused.active).toBe(false);
    });

    test('twenty thousand events stay in order both ways', async ({ connect }) => {
      const count = 20_000;
      const socket = connect('/', options);
      const received: number[] = [];
      const acknowledged: number[] = [];
      const all = new Promise<void>((resolve) => {
        const check = () => {
          if (received.length === count && acknowledged.length === count / 10) resolve();
        };
        socket.on('message-back', (number: number) => {
          received.push(number);
          check();
        });
        // The first are sent before there is a connection, the others while it may be upgrading.
        const send = (from: number) => {
          const to = Math.min(from + 500, count);
          for (let number = from; number < to; number++) {
            socket.emit('message', number);
            if (number % 10 === 0) {
              socket.emit('message-with-ack', number, (answer: number) => {
                acknowledged.push(answer);
                check();
              });
            }
          }
          if (to < count) setImmediate(send, to);
        };
        send(0);
      });
      await all;
      expect(received).toEqual(Array.from({ length: count }, (_, number) => number));
      expect(acknowledged).toEqual(Array.from({ length: count / 10 }, (_, number) => number * 10));
      if (name === 'upgrade') expect(socket.io.engine.transport.name).toBe('websocket');
    });

    test('the server disconnects', async ({ connect }) => {
      const socket = connect('/', options);
      await next(socket, 'connect');
      const gone = next(socket, 'disconnect');
      socket.emit('message', 'before');
      socket.emit('disconnect-me');
      expect((await next(socket, 'message-back'))[0]).toBe('before');
      expect((await gone)[0]).toBe('io server disconnect');
      expect(socket.active).toBe(false);
    });

    test('the client comes back when the server closes the connection', async ({ connect }) => {
      const socket = connect('/', { ...options, reconnectionDelay: 10 });
      await next(socket, 'connect');
      if (name === 'upgrade') await upgraded(socket);
      const first = socket.id;
      const gone = next(socket, 'disconnect');
      socket.emit('close-me');
      expect((await gone)[0]).toBe(name === 'polling' ? 'transport error' : 'transport close');
      await next(socket, 'connect');
      expect(socket.id).not.toBe(first);
      expect(await socket.emitWithAck('message-with-ack', 'back')).toBe('back');
    });
  });
}
