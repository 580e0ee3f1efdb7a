import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A server under load: a process that prints its address once it is ready. */
export class Server {
  readonly url: string;
  readonly pid: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.pid = process.pid!;
    this.url = url;
  }

  /** Starts `command` and waits for the line with its address. */
  static async start([file, ...args]: string[], env: NodeJS.ProcessEnv = {}): Promise<Server> {
    const server = spawn(file!, args, {
      env: { ...environment(), ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await new Promise<string>((resolve, reject) => {
      server.on('error', reject);
      server.on('exit', (code, signal) => reject(new Error(`${file} ended with ${code ?? signal}`)));
      createInterface({ input: server.stdout! }).on('line', (line) => {
        const found = /http:\/\/\S+/.exec(line);
        if (found) resolve(found[0]);
      });
    });
    return new Server(server, url);
  }

  /** Sends a signal and waits for the end, which comes within a bound. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill(signal);
    const patience = setTimeout(() => this.#process.kill('SIGKILL'), 30_000);
    await ended;
    clearTimeout(patience);
  }
}

/** Settings of whoever measures are not those of the server under load. */
export function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ALDIS_')));
}
