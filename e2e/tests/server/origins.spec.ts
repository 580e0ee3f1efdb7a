import { expect, test } from '@playwright/test';

import { Aldis } from '../../support/aldis.ts';
import { HANDSHAKE, POLLING, WEBSOCKET, ask } from '../../support/wire.ts';

const flags = ['--memory', '--allow-fixed-otp'];

/** The ways to the server, each with what is answered to whom it lets in. */
const ways = [
  { path: POLLING, headers: {}, status: 200 },
  { path: WEBSOCKET, headers: HANDSHAKE, status: 101 },
  { path: '/livez', headers: {}, status: 200 },
];

async function serving(more: string[], use: (aldis: Aldis) => Promise<void>) {
  const aldis = await Aldis.start([...flags, ...more]);
  try {
    await use(aldis);
  } finally {
    await aldis.end();
  }
}

test('the own origin, as browsers and as the Swift library write it', async () => {
  // Behind a proxy, which knows what the server is called.
  await serving(['--trusted-proxy', '127.0.0.1'], async ({ url }) => {
    for (const { path, headers, status } of ways) {
      for (const [host, origin] of [
        ['chat.example.org', 'http://chat.example.org'],
        ['chat.example.org', 'ws://chat.example.org'],
        ['chat.example.org', 'wss://chat.example.org'],
        ['chat.example.org', 'HTTP://Chat.Example.org'],
        ['chat.example.org:5000', 'ws://chat.example.org:5000'],
        ['chat.example.org:443', 'wss://chat.example.org'],
        ['chat.example.org', 'ws://chat.example.org:80'],
        ['[2001:db8::1]:5000', 'ws://[2001:db8::1]:5000'],
      ] as const) {
        expect(
          (await ask(url, path, { ...headers, host, origin })).status,
          `${origin} at ${host}${path}`,
        ).toBe(status);
      }
      for (const [host, origin] of [
        ['chat.example.org', 'ws://evil.example'],
        ['chat.example.org:80', 'wss://chat.example.org'],
        ['chat.example.org:5000', 'ws://chat.example.org'],
        ['chat.example.org', 'ftp://chat.example.org'],
        ['chat.example.org', 'null'],
        ['chat.example.org', 'file://'],
      ] as const) {
        expect(
          (await ask(url, path, { ...headers, host, origin })).status,
          `${origin} at ${host}${path}`,
        ).toBe(403);
      }
    }
  });
});

test('on loopback, programs of this machine and of no other', async () => {
  await serving([], async ({ url }) => {
    for (const { path, headers, status } of ways) {
      const { host } = new URL(url);
      expect((await ask(url, path, { ...headers, origin: `ws://${host}` })).status).toBe(status);
      expect(
        (await ask(url, path, { ...headers, host: 'evil.example', origin: 'ws://evil.example' })).status,
      ).toBe(403);
    }
  });
});

test('pages without an origin, and those of files, where the operator lists them', async () => {
  await serving(
    ['--allow-origin', 'null', '--allow-origin', 'file://', '--allow-origin', 'wss://App.example.org/'],
    async ({ url }) => {
      for (const { path, headers, status } of ways) {
        for (const origin of ['null', 'file://', 'https://app.example.org', 'wss://app.example.org:443']) {
          expect((await ask(url, path, { ...headers, origin })).status, origin).toBe(status);
        }
        expect((await ask(url, path, { ...headers, origin: 'http://app.example.org' })).status).toBe(403);
      }
    },
  );
});

test('a refusal says how to allow the origin: to whoever asked, and once in the log', async () => {
  await serving([], async (aldis) => {
    const origins = ['ws://chat.example.org:5000', 'file://', 'null', 'https://evil.example'];
    for (const origin of origins) {
      for (const { path, headers } of [...ways, ...ways]) {
        const { status, message } = await ask(aldis.url, path, { ...headers, origin });
        expect(status).toBe(403);
        expect(message).toContain(`The origin ${origin} `);
        expect(message).toContain(`--allow-origin ${origin}`);
      }
    }
    const lines = () => aldis.log.filter((line) => line.includes('--allow-origin'));
    await expect.poll(() => lines().length).toBeGreaterThanOrEqual(origins.length);
    expect(lines().map((line) => /--allow-origin (\S+)\./.exec(line)![1])).toEqual(origins);
  });
});

test('what is no origin is not recommended to anybody', async () => {
  await serving([], async (aldis) => {
    const hostile = [
      'http://a;reboot',
      'http://$(reboot)',
      'http://a b',
      'http://a" level=error',
      'https://a@evil.example',
      'http://a/b',
      'evil',
    ];
    for (const origin of hostile) {
      for (const { path, headers } of ways) {
        const { status, message } = await ask(aldis.url, path, { ...headers, origin });
        expect(status).toBe(403);
        expect(message).not.toContain('--allow-origin');
        expect(message).toContain('leaves the header Origin out');
      }
    }
    await expect
      .poll(() => aldis.log.filter((line) => line.includes('leaves the header Origin out')))
      .toHaveLength(1);
    expect(aldis.log.join('\n')).not.toMatch(/reboot|evil/);
  });
});
