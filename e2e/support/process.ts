import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A server under test: a process that prints its address once it is ready. */
export class Server {
  private constructor(
    private readonly process: ChildProcess,
    readonly url: string,
    /** What it wrote to standard error so far. */
    readonly log: string[],
  ) {}

  /** Starts `command` and waits for the line with its address. */
  static async start(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Server> {
    // Settings of whoever runs the tests are not those of the server under test.
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('ALDIS_'));
    const process_ = spawn(command, args, {
      env: { ...Object.fromEntries(own), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log: string[] = [];
    createInterface({ input: process_.stderr! }).on('line', (line) => log.push(line));
    const url = await new Promise<string>((resolve, reject) => {
      process_.on('error', reject);
      process_.on('exit', (code) => reject(new Error(`${command} ended with ${code}:\n${log.join('\n')}`)));
      createInterface({ input: process_.stdout! }).on('line', (line) => {
        const found = /http:\/\/\S+/.exec(line);
        if (found) resolve(found[0]);
      });
    });
    return new Server(process_, url, log);
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** Sends a signal and waits for the end; gives the exit code, or `null` where a signal ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const ended = once(this.process, 'exit');
      this.process.kill(signal);
      await ended;
    }
    return this.process.exitCode;
  }
}
