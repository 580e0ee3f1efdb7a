import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { Server } from './process.ts';

const BENCH = resolve(import.meta.dirname, '..');

export const BINARY = resolve(BENCH, '..', process.env['ALDIS_BIN'] ?? 'target/release/aldis');

/** Beside the checkout and not in the system's folder for such files, which may be memory: what is durable shall be on a disk. */
export const DATA = join(BENCH, 'data');

/** What is measured against, with what makes it fast. */
export const PEERS = {
  demo: { command: [process.execPath, join(BENCH, 'demo/server.ts')], env: { NODE_ENV: 'production' } },
  socketioxide: { command: [join(BENCH, 'peers/target/release/socketioxide')], env: {} },
  relay: { command: [join(BENCH, 'peers/target/release/relay')], env: {} },
} as const satisfies Record<string, { command: string[]; env: NodeJS.ProcessEnv }>;

export type Name = keyof typeof PEERS | 'memory' | 'sqlite';

/** How the load generator is to talk to a server. */
export const SPEAKS = { memory: 'aldis', sqlite: 'aldis', demo: 'demo', socketioxide: 'demo', relay: 'relay' } as const satisfies Record<Name, string>;

/** No limit is met before the machine's. */
const UNLIMITED = [
  ...['--message-burst', '1000000000', '--messages-per-second', '1000000000'],
  ...['--event-burst', '1000000000', '--events-per-second', '1000000000'],
  ...['--sockets-per-address', '1000000', '--registrations-per-hour', '1000000000'],
  ...['--hash-threads', '2', '--hash-queue', '100000', '--token-lifetime', '7d'],
  ...['--metrics-listen', 'off', '--log', 'warn'],
];

/** A server of a name on the processors it was given. */
export class Running {
  #server: Server;
  readonly #command: (listen: string) => Promise<Server>;
  readonly #scratch: string | undefined;

  private constructor(server: Server, command: (listen: string) => Promise<Server>, scratch: string | undefined) {
    this.#server = server;
    this.#command = command;
    this.#scratch = scratch;
  }

  /** Starts it; `data` is a folder to keep, and without it SQLite gets one that is removed at the end. */
  static async start(name: Name, cpus?: string, data?: string): Promise<Running> {
    await mkdir(DATA, { recursive: true });
    const scratch = name === 'sqlite' && !data ? await mkdtemp(join(DATA, 'run-')) : undefined;
    const command = (listen: string) => {
      const [line, env] = commandOf(name, listen, data ?? scratch);
      return Server.start(cpus === undefined ? line : ['taskset', '-c', cpus, ...line], env);
    };
    return new Running(await command('127.0.0.1:0'), command, scratch);
  }

  get url(): string {
    return this.#server.url;
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** Ends it as a power cut would, and starts it again where it was. */
  async restart(): Promise<void> {
    await this.#server.stop('SIGKILL');
    this.#server = await this.#command(new URL(this.url).host);
  }

  async end(): Promise<void> {
    await this.#server.stop();
    if (this.#scratch) await rm(this.#scratch, { recursive: true, force: true });
  }
}

function commandOf(name: Name, listen: string, data: string | undefined): [string[], NodeJS.ProcessEnv] {
  if (name === 'memory' || name === 'sqlite') {
    return [[BINARY, 'serve', '--listen', listen, ...(name === 'memory' ? ['--memory'] : ['--data', data!]), ...UNLIMITED], {}];
  }
  const { command, env } = PEERS[name];
  return [[...command, '--port', listen.split(':')[1]!], env];
}
