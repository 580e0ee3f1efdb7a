import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { ANSWERS_WITHIN, type Engine, type Step } from './engine.ts';

export const FIREFOX = process.env['FIREFOX'] ?? '/usr/bin/firefox-esr';

interface Answer {
  id: number;
  result?: unknown;
  error?: string;
  message?: string;
}

/** Firefox, by WebDriver BiDi, which it speaks without a driver beside it. */
export class Firefox implements Engine {
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private last = 0;
  private context = '';

  private constructor(
    private readonly process: ChildProcess,
    private readonly profile: string,
    private readonly socket: WebSocket,
  ) {
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(data as string) as Answer;
      this.waiting.get(answer.id)?.(answer);
      this.waiting.delete(answer.id);
    });
  }

  static async start(): Promise<Firefox> {
    const profile = await mkdtemp(join(tmpdir(), 'firefox-'));
    const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'];
    const child = spawn(FIREFOX, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, HOME: profile },
    });
    const address = await new Promise<string>((found, failed) => {
      child.on('error', failed);
      child.on('exit', (code) => failed(new Error(`${FIREFOX} ended with ${code}`)));
      createInterface({ input: child.stderr }).on('line', (line) => {
        const [, url] = /WebDriver BiDi listening on (ws:\S+)/.exec(line) ?? [];
        if (url) found(url);
      });
    });
    const socket = new WebSocket(`${address}/session`);
    await new Promise((open, failed) => {
      socket.addEventListener('open', open);
      socket.addEventListener('error', failed);
    });
    const firefox = new Firefox(child, profile, socket);
    await firefox.ask('session.new', { capabilities: {} });
    const { contexts } = (await firefox.ask('browsingContext.getTree', {})) as {
      contexts: { context: string }[];
    };
    firefox.context = contexts[0]!.context;
    return firefox;
  }

  async goto(url: string): Promise<void> {
    await this.ask('browsingContext.navigate', { context: this.context, url, wait: 'complete' });
  }

  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = (await this.run(
      `(async () => JSON.stringify(await (${expression})))()`,
    )) as {
      result?: { value?: string };
      exceptionDetails?: { text: string };
    };
    if (exceptionDetails) throw new Error(`${exceptionDetails.text}: ${expression}`);
    return result?.value === undefined ? undefined : JSON.parse(result.value);
  }

  async keys(steps: Step[]): Promise<void> {
    await this.act({ type: 'key', id: 'keys', actions: steps });
  }

  async pointer(steps: Step[]): Promise<void> {
    await this.act({ type: 'pointer', id: 'mouse', actions: steps });
  }

  async choose(selector: string, path: string): Promise<void> {
    const { result } = (await this.run(`document.querySelector(${JSON.stringify(selector)})`)) as {
      result: { sharedId: string };
    };
    const element = { sharedId: result.sharedId };
    await this.ask('input.setFiles', { context: this.context, element, files: [path] });
  }

  async end(): Promise<void> {
    this.socket.close();
    const ended = once(this.process, 'exit');
    this.process.kill();
    await ended;
    await rm(this.profile, { recursive: true, force: true });
  }

  private run(expression: string): Promise<unknown> {
    return this.ask('script.evaluate', {
      expression,
      target: { context: this.context },
      awaitPromise: true,
      resultOwnership: 'none',
    });
  }

  private async act(source: object): Promise<void> {
    await this.ask('input.performActions', { context: this.context, actions: [source] });
  }

  private async ask(method: string, params: object): Promise<unknown> {
    const id = ++this.last;
    const answered = new Promise<Answer>((done, failed) => {
      this.waiting.set(id, done);
      setTimeout(() => failed(new Error(`${method} is not answered`)), ANSWERS_WITHIN).unref();
    });
    this.socket.send(JSON.stringify({ id, method, params }));
    const { error, message, result } = await answered;
    if (error) throw new Error(`${method}: ${error}: ${message}`);
    return result;
  }
}
