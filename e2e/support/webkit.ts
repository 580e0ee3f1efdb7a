import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ANSWERS_WITHIN, type Engine, type Step } from './engine.ts';

const DRIVER = process.env['WEBKIT_DRIVER'] ?? '/usr/bin/WebKitWebDriver';
const FOLDERS = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu`);
/** The names that the W3C gives to a reference to an element. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/** WebKitGTK, by WebDriver, on a screen that nobody sees. */
export class WebKit implements Engine {
  private session = '';

  private constructor(
    private readonly process: ChildProcess,
    private readonly home: string,
    private readonly driver: string,
  ) {}

  static async start(): Promise<WebKit> {
    const home = await mkdtemp(join(tmpdir(), 'webkit-'));
    const port = await free();
    const folders = { HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home, XDG_RUNTIME_DIR: home };
    // A group of its own: the screen is a child, and ends with it.
    const child = spawn('xvfb-run', ['--auto-servernum', DRIVER, `--port=${port}`, '--host=127.0.0.1'], {
      stdio: 'ignore',
      detached: true,
      env: { ...process.env, ...folders, WEBKIT_DISABLE_COMPOSITING_MODE: '1', LIBGL_ALWAYS_SOFTWARE: '1' },
    });
    const webkit = new WebKit(child, home, `http://127.0.0.1:${port}`);
    const binary = FOLDERS.flatMap((folder) =>
      ['4.1', '4.0'].map((version) => `${folder}/webkit2gtk-${version}/MiniBrowser`),
    );
    const options = { binary: binary.find((path) => existsSync(path)), args: ['--automation'] };
    await webkit.ready();
    const { sessionId } = (await webkit.send('POST', '/session', {
      capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options } },
    })) as { sessionId: string };
    webkit.session = `/session/${sessionId}`;
    return webkit;
  }

  async goto(url: string): Promise<void> {
    await this.ask('/url', { url });
  }

  evaluate(expression: string): Promise<unknown> {
    return this.ask('/execute/async', {
      script: `const done = arguments[0]; (async () => ${expression})().then(done, (error) => done(String(error)));`,
      args: [],
    });
  }

  async keys(steps: Step[]): Promise<void> {
    await this.ask('/actions', { actions: [{ type: 'key', id: 'keys', actions: steps }] });
  }

  async pointer(steps: Step[]): Promise<void> {
    await this.ask('/actions', { actions: [{ type: 'pointer', id: 'mouse', actions: steps }] });
  }

  async choose(selector: string, path: string): Promise<void> {
    const found = (await this.ask('/element', { using: 'css selector', value: selector })) as Record<
      string,
      string
    >;
    await this.ask(`/element/${found[ELEMENT]}/value`, { text: path });
  }

  async end(): Promise<void> {
    await this.send('DELETE', this.session).catch(() => undefined);
    const ended = once(this.process, 'exit');
    process.kill(-this.process.pid!, 'SIGTERM');
    await ended;
    await rm(this.home, { recursive: true, force: true });
  }

  private async ready(): Promise<void> {
    while (!(await this.send('GET', '/status').catch(() => null))) {
      if (this.process.exitCode !== null) throw new Error(`${DRIVER} ended with ${this.process.exitCode}`);
      await new Promise((later) => setTimeout(later, 50));
    }
  }

  private ask(path: string, body: object): Promise<unknown> {
    return this.send('POST', this.session + path, body);
  }

  private async send(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.driver + path, {
      method,
      signal: AbortSignal.timeout(ANSWERS_WITHIN),
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const { value } = (await response.json()) as { value: unknown };
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(value)}`);
    return value;
  }
}

/** A port that is free now. The driver takes none that the system picks. */
async function free(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
