import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { expect, test } from '@playwright/test';

import { Aldis } from '../../support/aldis.ts';
import { client, Inbox, join, next } from '../../support/live.ts';

// After a graceful stop every library is back soon after the server is: none takes the end as final.

const folder = resolve(import.meta.dirname, '../..');
const SOON = { timeout: 8_000 };

for (const transport of ['websocket', 'polling']) {
  test(`after a graceful stop the JavaScript client is back (${transport})`, async () => {
    const aldis = await Aldis.start();
    try {
      const ann = client(aldis.url, await aldis.person('ann'), {
        transports: [transport],
        reconnectionDelay: 200,
      });
      await join(ann);
      const gone = next<string>(ann, 'disconnect');
      expect(await aldis.stop()).toBe(0);
      expect(await gone).toMatch(/^transport/);
      await aldis.restart();
      await expect.poll(() => ann.socket.connected, SOON).toBe(true);
      ann.socket.close();
    } finally {
      await aldis.end();
    }
  });

  test(`after a graceful stop the Python client is back (${transport})`, async () => {
    const aldis = await Aldis.start();
    let python: ChildProcess | undefined;
    try {
      const { token } = await aldis.person('ann');
      python = spawn(`${folder}/.venv/bin/python`, [
        `${folder}/clients/stay.py`,
        aldis.url,
        token,
        transport,
      ]);
      const lines = new Inbox<string>();
      createInterface({ input: python.stdout! }).on('line', (line) => lines.add(line));
      await lines.reaches(1);
      expect(await aldis.stop()).toBe(0);
      await aldis.restart();
      await expect.poll(() => lines.items, SOON).toEqual(['connect', 'disconnect', 'connect']);
    } finally {
      python?.kill();
      await aldis.end();
    }
  });
}
