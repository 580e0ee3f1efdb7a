import { execFile, execFileSync } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';

import { expect, test } from '@playwright/test';

import type { Attachment, Message } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, answer, BINARY, type Person, say } from '../../support/aldis.ts';
import { refusal, refused } from '../../support/check.ts';
import { client, join } from '../../support/live.ts';
import { png } from '../../support/png.ts';

/** A folder of its own for a test. */
async function within(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path(tmpdir(), 'aldis-'));
  await use(folder).finally(() => rm(folder, { recursive: true, force: true }));
}

/** What a start that is refused says. */
async function refusedStart(data: string, ...flags: string[]): Promise<string> {
  const args = ['serve', '--listen', '127.0.0.1:0', '--data', data, '--metrics-listen', 'off', ...flags];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ALDIS_')));
  return new Promise((done, failed) => {
    execFile(BINARY, args, { env, timeout: 20_000 }, (error, stdout, stderr) => {
      if (error?.code === 1 && !stdout) done(stderr);
      else failed(new Error(`it was not refused: ${stdout} ${stderr}`));
    });
  });
}

const mode = async (file: string) => (await stat(file)).mode & 0o7777;

test('nobody else can read what is in the data folder, whatever the umask, and a folder that was open is closed', () =>
  within(async (outer) => {
    const data = path(outer, 'data');
    await mkdir(data);
    await chmod(data, 0o755);
    const before = process.umask(0);
    // Taken over by the process that is started.
    const aldis = await Aldis.start([], data).finally(() => process.umask(before));
    try {
      const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
      const a = client(aldis.url, ann);
      await join(a);
      await say(a.socket, { receiver: bob.username, text: 'private' });
      a.socket.close();
      const upload = await fetch(`${aldis.url}/api/attachments?name=x.png`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ann.token}`, 'content-type': 'image/png' },
        body: new Uint8Array(png(960, 200)),
      });
      expect(upload.status).toBe(201);
      expect(aldis.log.filter((line) => line.includes('open to other users'))).toHaveLength(1);
      const entries = await readdir(data, { recursive: true, withFileTypes: true });
      const names = entries.map((entry) => path(entry.parentPath, entry.name).slice(data.length + 1));
      for (const name of ['aldis.db', 'aldis.db-wal', 'aldis.db-shm', 'search.db', 'search.db-wal', 'lock'])
        expect(names).toContain(name);
      expect(await mode(data)).toBe(0o700);
      for (const entry of entries) {
        const file = path(entry.parentPath, entry.name);
        expect(await mode(file), file).toBe(entry.isDirectory() ? 0o700 : 0o600);
      }
      // A release before left them open.
      await aldis.stop();
      for (const file of ['aldis.db', 'search.db', 'attachments']) await chmod(path(data, file), 0o755);
      await aldis.restart();
      for (const file of ['aldis.db', 'aldis.db-wal', 'search.db', 'attachments']) {
        expect((await mode(path(data, file))) & 0o077, file).toBe(0);
      }
    } finally {
      await aldis.end();
    }
  }));

test('a folder with things of others is not closed, but refused', () =>
  within(async (folder) => {
    await chmod(folder, 0o755);
    await writeFile(path(folder, 'notes.txt'), '');
    expect(await refusedStart(folder)).toContain(`chmod go= ${folder}`);
    expect(await mode(folder)).toBe(0o755);
    expect(await readdir(folder)).toEqual(['notes.txt']);
    // What it says helps.
    const aldis = await Aldis.start([], path(folder, 'aldis'));
    await aldis.end();
  }));

/** What others than the database can lose. */
interface Filled {
  ann: Person;
  bob: Person;
  files: { id: string; url: string; text: string }[];
}

/** Ten files that somebody uploads. */
async function uploadTen(aldis: Aldis): Promise<Filled> {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const files = [];
  for (let n = 0; n < 10; n++) {
    const text = `file ${n}`;
    const response = await fetch(`${aldis.url}/api/attachments?name=x.txt`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ann.token}`, 'content-type': 'text/plain' },
      body: text,
    });
    const { id, url } = (await response.json()) as Attachment;
    files.push({ id, url, text });
  }
  return { ann, bob, files };
}

/** Has messages carry them. */
async function sendTen(aldis: Aldis, { ann, bob, files }: Filled): Promise<void> {
  for (const { id } of files) {
    await aldis.call(
      'POST',
      '/api/messages',
      { receiver: bob.username, text: '', attachments: [id] },
      ann.token,
    );
  }
}

async function allThere(aldis: Aldis, { ann, files }: Filled): Promise<void> {
  for (const { url, text } of files) {
    const response = await fetch(aldis.url + url, { headers: { authorization: `Bearer ${ann.token}` } });
    expect([response.status, await response.text()]).toEqual([200, text]);
  }
}

test('beside a wrong database no file is removed, and the right one has them all', () =>
  within(async (outer) => {
    const aldis = await Aldis.start();
    try {
      const filled = await uploadTen(aldis);
      await aldis.stop();
      const file = (name: string) => path(aldis.data, name);
      const older = path(outer, 'older.db');
      await copyFile(file('aldis.db'), older);
      await aldis.restart();
      await sendTen(aldis, filled);
      await aldis.stop();
      const right = path(outer, 'right.db');
      await copyFile(file('aldis.db'), right);
      for (const wrong of [undefined, older]) {
        await rm(file('aldis.db'));
        if (wrong) await copyFile(wrong, file('aldis.db'));
        // It has to be wanted.
        expect(await refusedStart(aldis.data)).toContain('--accept-older-database');
        const flags = [
          '--attachment-unused',
          '1s',
          '--log',
          'info,domain::attachment=debug',
          '--accept-older-database',
        ];
        const accepting = await Aldis.start(flags, aldis.data);
        const logged = (line: RegExp) => accepting.log.filter((one) => line.test(one)).length;
        // Four looks a second: longer than uploads that are not used live.
        await expect.poll(() => logged(/looked for uploads/), { timeout: 20_000 }).toBeGreaterThan(8);
        // The older one knows the files, though no message that carries them.
        expect(logged(/files=10\b.* bytes=60\b/)).toBe(wrong ? 0 : 1);
        expect(logged(/removed at the next look/)).toBe(0);
        await accepting.stop();
      }
      await copyFile(right, file('aldis.db'));
      const again = await Aldis.start(['--accept-older-database'], aldis.data);
      await allThere(again, filled);
      await again.stop();
    } finally {
      await aldis.end();
    }
  }));

test('a database that was copied from a running server, or is behind its folder, is refused', () =>
  within(async (outer) => {
    const aldis = await Aldis.start();
    try {
      const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
      const send = () =>
        aldis.call('POST', '/api/messages', { receiver: bob.username, text: 'hi' }, ann.token);
      const file = (name: string) => path(aldis.data, name);
      await send();
      // Without its log, in a folder of its own.
      await copyFile(file('aldis.db'), path(outer, 'aldis.db'));
      expect(await refusedStart(outer)).toContain('without');
      await aldis.stop();
      const stopped = path(outer, 'stopped');
      await cp(aldis.data, stopped, { recursive: true });
      await aldis.restart();
      await send();
      await aldis.kill();
      await copyFile(path(stopped, 'aldis.db'), file('aldis.db'));
      expect(await refusedStart(aldis.data)).toContain('do not belong together');
      await rm(file('aldis.db-wal'));
      expect(await refusedStart(aldis.data)).toMatch(/ends at position 1\b/);
      // The folder as it was copied is whole.
      const copy = await Aldis.start([], stopped);
      expect((await copy.conversations(ann))[0]!.headSeq).toBe(1);
      await copy.stop();
    } finally {
      await aldis.end();
    }
  }));

test('a folder that is replaced under the server: nothing more is acknowledged', async () => {
  const aldis = await Aldis.start();
  const moved = `${aldis.data}-moved`;
  try {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const { socket } = client(aldis.url, ann);
    socket.connect();
    const send = (n: number) => socket.emitWithAck('message', { receiver: bob.username, text: `${n}` });
    answer(await send(0));
    const isFile = (source: string) => !source.endsWith('.sock');
    await cp(aldis.data, `${aldis.data}-copy`, { recursive: true, filter: isFile });
    await rename(aldis.data, moved);
    await rename(`${aldis.data}-copy`, aldis.data);
    for (let n = 1; n <= 20; n++) refusal(await send(n), 503, 'store_unavailable');
    await refused(fetch(`${aldis.url}/readyz`), 503, 'store_unavailable');
    expect(aldis.log.filter((line) => line.includes('was replaced or removed'))[0]).toContain('aldis.db');
    expect(aldis.log.filter((line) => line.includes('nothing is stored any more'))).toHaveLength(1);
    socket.close();
    await aldis.stop();
    await aldis.restart();
    expect((await aldis.conversations(ann))[0]!.headSeq).toBe(1);
  } finally {
    await aldis.end();
    await rm(moved, { recursive: true, force: true });
  }
});

test('damaged pages are told as such, and not to be tried again', async () => {
  const aldis = await Aldis.start();
  try {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    await aldis.call('POST', '/api/messages', { receiver: bob.username, text: 'hi' }, ann.token);
    await aldis.stop();
    // The root page of the messages.
    const script = `import sqlite3, sys
path = sys.argv[1]
db = sqlite3.connect(path)
page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'message_attachments'").fetchone()[0]
db.close()
with open(path, "r+b") as file:
    file.seek((page - 1) * 4096)
    file.write(bytes([255]) * 4096)`;
    execFileSync('python3', ['-c', script, path(aldis.data, 'aldis.db')]);
    await aldis.restart();
    expect((await fetch(`${aldis.url}/readyz`)).status).toBe(200);
    const upload = await fetch(`${aldis.url}/api/attachments?name=x.txt`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ann.token}` },
      body: 'x',
    });
    const { id } = (await upload.json()) as Attachment;
    const send = (attachments: string[]) =>
      aldis.request('POST', '/api/messages', { receiver: bob.username, text: 'x', attachments }, ann.token);
    expect((await refused(send([id]), 500, 'store_damaged')).retryable).toBe(false);
    // From here on nothing is stored on top of it.
    await refused(send([]), 500, 'store_damaged');
    const ready = await fetch(`${aldis.url}/readyz`);
    expect([ready.status, ((await ready.json()) as { code: string }).code]).toEqual([503, 'store_damaged']);
  } finally {
    await aldis.end();
  }
});

test('a start on a full disk says so, can be read from, and goes on by itself', async () => {
  test.skip(process.getuid?.() !== 0, 'only root can make a small disk');
  const disk = await mkdtemp(path(tmpdir(), 'aldis-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', disk]);
  let aldis: Aldis | undefined;
  try {
    const data = path(disk, 'data');
    aldis = await Aldis.start([], data);
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const running = aldis;
    const send = (text: string) =>
      running.call<Message>('POST', '/api/messages', { receiver: bob.username, text }, ann.token);
    const stored = [await send('kept')];
    // Something else fills the disk, while it runs or while it does not.
    const filler = path(disk, 'filler');
    const fillUp = () => execFileSync('sh', ['-c', `cat /dev/zero > ${filler} 2>/dev/null || true`]);
    for (const end of ['stop', 'kill'] as const) {
      if (end === 'kill') fillUp();
      await aldis[end]();
      fillUp();
      for (let start = 0; start < 2; start++) {
        await aldis.restart();
        const { log } = aldis;
        await expect
          .poll(() => log.filter((line) => line.includes('the disk is full') && line.includes(data)).length)
          .toBe(1);
        await refused(fetch(`${aldis.url}/readyz`), 503, 'store_unavailable');
        expect(await aldis.messages(ann, stored[0]!.conversationId)).toEqual(stored);
        const b = client(aldis.url, bob);
        await join(b);
        expect(await b.messages.reaches(stored.length)).toEqual(stored);
        b.socket.close();
        await refused(
          aldis.request('POST', '/api/messages', { receiver: bob.username, text: 'x' }, ann.token),
          503,
          'store_unavailable',
        );
        await refused(fetch(`${aldis.url}/readyz`), 503, 'store_unavailable');
        await aldis.stop();
      }
      await aldis.restart();
      await rm(filler);
      const { url } = aldis;
      await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 10_000 }).toBe(200);
      stored.push(await send('more'));
      await aldis.call('POST', '/auth/login', { username: ann.username, password: ann.password });
    }
  } finally {
    await aldis?.stop();
    execFileSync('umount', [disk]);
    await rm(disk, { recursive: true, force: true });
  }
});
