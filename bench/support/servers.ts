import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { Server } from './process.ts';

const BENCH = resolve(import.meta.dirname, '..');

export const BINARY = resolve(BENCH, '..', process.env['ALDIS_BIN'] ?? 'target/release/aldis');

/**
 * Beside the checkout and not in the system's folder for such files, which may be memory: what is durable
 * shall be on a disk.
 */
export const DATA = join(BENCH, 'data');

/** What is measured against, with what makes it fast. */
export const PEERS = {
  demo: { command: [process.execPath, join(BENCH, 'demo/server.ts')], env: { NODE_ENV: 'production' } },
  socketioxide: { command: [join(BENCH, 'peers/target/release/socketioxide')], env: {} },
  relay: { command: [join(BENCH, 'peers/target/release/relay')], env: {} },
} as const satisfies Record<string, { command: string[]; env: NodeJS.ProcessEnv }>;

export type Name = keyof typeof PEERS | 'memory' | 'sqlite';

/** How the load generator is to talk to a server. */
export const SPEAKS: Record<Name, 'aldis' | 'demo' | 'relay'> = {
  memory: 'aldis',
  sqlite: 'aldis',
  demo: 'demo',
  socketioxide: 'demo',
  relay: 'relay',
};

/** No limit is met before the machine's. */
const UNLIMITED = [
  ...['--message-burst', '1000000000', '--messages-per-second', '1000000000'],
  ...['--event-burst', '1000000000', '--events-per-second', '1000000000'],
  ...['--sockets-per-address', '1000000', '--registrations-per-hour', '1000000000'],
  ...['--added-to-groups-per-hour', '1000000000'],
  ...['--hash-threads', '2', '--hash-queue', '100000', '--token-lifetime', '7d'],
  ...['--metrics-listen', 'off', '--log', 'warn'],
];

/** The processors, and the folder to keep or to begin with a copy of. */
export interface Place {
  cpus?: string | undefined;
  folder?: string | undefined;
  copy?: string | undefined;
}

/** A server of a name on the processors it was given, with a folder for its data and its accounts' tokens. */
export class Running {
  readonly name: Name;
  readonly #folder: string;
  readonly #keep: boolean;
  readonly #command: (listen: string) => Promise<Server>;
  #server!: Server;

  private constructor(name: Name, cpus: string | undefined, folder: string, keep: boolean) {
    this.name = name;
    this.#folder = folder;
    this.#keep = keep;
    this.#command = (listen) => {
      const [command, env] = commandOf(name, listen, join(folder, 'data'));
      return Server.start(cpus === undefined ? command : ['taskset', '-c', cpus, ...command], env);
    };
  }

  /** Starts it in a folder that is kept, or in one of its own: empty or a copy. */
  static async start(name: Name, { cpus, folder, copy }: Place = {}): Promise<Running> {
    await mkdir(folder ?? DATA, { recursive: true });
    const own = folder ?? (await mkdtemp(join(DATA, 'run-')));
    if (copy) await cp(copy, own, { recursive: true });
    const running = new Running(name, cpus, own, folder !== undefined);
    await running.#serve('127.0.0.1:0');
    await running.#moveTokens();
    return running;
  }

  get url(): string {
    return this.#server.url;
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** Where the load generator keeps the tokens of this server's accounts. */
  get tokens(): string {
    return join(this.#folder, 'tokens');
  }

  /** Where its process is to be read, which is another one after a restart. */
  get pidFile(): string {
    return join(this.#folder, 'pid');
  }

  /** Ends it as a power cut would, and starts it again where it was. */
  async restart(): Promise<void> {
    await this.#server.stop('SIGKILL');
    await this.#serve(new URL(this.url).host);
  }

  async end(): Promise<void> {
    await this.#server.stop();
    if (!this.#keep) await rm(this.#folder, { recursive: true, force: true });
  }

  async #serve(listen: string): Promise<void> {
    this.#server = await this.#command(listen);
    await writeFile(this.pidFile, String(this.pid));
  }

  /** Tokens belong to an address, which is another one than when they were given. */
  async #moveTokens(): Promise<void> {
    const known = await readFile(this.tokens, 'utf8').catch(() => '');
    const moved = known
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.stringify({ ...JSON.parse(line), url: this.url }));
    if (moved.length) await writeFile(this.tokens, moved.join('\n') + '\n');
  }
}

function commandOf(name: Name, listen: string, data: string): [string[], NodeJS.ProcessEnv] {
  if (name === 'memory' || name === 'sqlite') {
    return [
      [
        BINARY,
        'serve',
        '--listen',
        listen,
        ...(name === 'memory' ? ['--memory'] : ['--data', data]),
        ...UNLIMITED,
      ],
      {},
    ];
  }
  const { command, env } = PEERS[name];
  return [[...command, '--port', listen.split(':')[1]!], env];
}
