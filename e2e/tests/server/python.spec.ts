import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from '@playwright/test';

import { Aldis } from '../../support/aldis.ts';

const folder = resolve(import.meta.dirname, '../..');

for (const transport of ['polling', 'websocket']) {
  test(`the Python client library over ${transport}`, async () => {
    const aldis = await Aldis.start(['--memory']);
    try {
      const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
      const args = [`${folder}/clients/chat.py`, aldis.url, ann.token, bob.username, bob.token, transport];
      const { stdout } = await promisify(execFile)(`${folder}/.venv/bin/python`, args, { timeout: 50_000 });
      const { waited, refused, received, refusals } = JSON.parse(stdout) as Record<string, unknown>;
      expect(waited).toMatchObject({ status: 'ok', data: { seq: 1, text: 'while away' } });
      expect(refused).toMatchObject({ status: 'error', error: { code: 'text_empty' } });
      expect(received).toEqual(['while away', ...Array.from({ length: 100 }, (_, n) => `${n}`)]);
      expect(refusals).toMatchObject([{ message: 'token_invalid', data: { status: 401 } }]);
    } finally {
      await aldis.end();
    }
  });
}
