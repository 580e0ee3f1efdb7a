import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

import type { Message, Reply } from '../../web/src/app/protocol/protocol.ts';
import { Inbox } from './live.ts';

const clients = resolve(import.meta.dirname, '../clients');
const python = resolve(import.meta.dirname, '../.venv/bin/python');

/** A client library, and the program in `e2e/clients` that speaks through it. */
export interface Library {
  name: string;
  command: string[];
  cwd?: string;
  /** What it cannot do whatever the server does (README.md), so that a part of a story makes no sense. */
  lacks?: (
    'namespaces' | 'auth of any shape' | 'upgrades' | 'order' | 'many answers' | 'word of a lost connection'
  )[];
}

const javascript = (version: string, module = `socket.io-client-${version}`): Library => ({
  name: `JavaScript ${version}`,
  command: [process.execPath, `${clients}/client.mjs`, module],
});

/** These need nothing that the other tests do not need. */
const always: Library[] = [
  javascript('3.1'),
  javascript('4.8', 'socket.io-client'),
  { name: 'Python', command: [python, `${clients}/sync_client.py`], lacks: ['order'] },
  { name: 'Python asyncio', command: [python, `${clients}/asyncio_client.py`] },
];

/** `make clients` builds these. */
const built: Library[] = [
  ...['4.0', '4.1', '4.2', '4.3', '4.4', '4.5', '4.6', '4.7'].map((version) => javascript(version)),
  {
    name: 'Java 2.1',
    command: ['java', '-cp', 'target/classes:target/dependency/*', 'Client'],
    cwd: `${clients}/java`,
    lacks: ['auth of any shape'],
  },
  {
    name: 'Go 3.0',
    command: [`${clients}/go/target/client`],
    lacks: ['auth of any shape', 'namespaces', 'upgrades'],
  },
  {
    name: 'Rust 0.6',
    command: [`${clients}/rust/target/debug/client`],
    lacks: ['namespaces', 'many answers', 'word of a lost connection'],
  },
];

export const LIBRARIES = process.env['CLIENTS'] === 'all' ? [...always, ...built] : always;

/**
 * A line of a program: an event of a socket, the answer to what it emitted, or that a command was carried
 * out.
 */
export interface Line {
  did?: string;
  socket?: string;
  namespace?: string;
  event?: string;
  ack?: number;
  payload?: unknown;
}

interface Connect {
  namespaces?: string[];
  transports?: string[];
  auth?: unknown;
}

/** A program while it runs. */
export class Program {
  readonly lines = new Inbox<Line>();
  readonly errors: string[] = [];
  private asked = 0;

  private constructor(private readonly process: ChildProcess) {
    createInterface({ input: process.stdout! }).on('line', (line) =>
      this.lines.add(JSON.parse(line) as Line),
    );
    createInterface({ input: process.stderr! }).on('line', (line) => this.errors.push(line));
  }

  static start({ command: [command, ...args], cwd = clients }: Library, url: string, token: string): Program {
    const env = { PATH: process.env['PATH'], URL: url, TOKEN: token };
    return new Program(spawn(command!, args, { cwd, env, stdio: 'pipe' }));
  }

  connect(socket: string, { namespaces = ['/'], ...options }: Connect = {}): void {
    this.tell({ do: 'connect', socket, namespaces, ...options });
  }

  /** Emits, and gives the number that its answer will have. */
  emit(socket: string, event: string, payload: unknown): number {
    const ack = ++this.asked;
    this.tell({ do: 'emit', socket, event, payload, ack });
    return ack;
  }

  /** Waits until the library has been told everything. */
  told(): Promise<void> {
    return this.lines.until((lines) => lines.filter(({ did }) => did === 'emit').length === this.asked);
  }

  /** What the program connects with from now on. */
  renew(token: string): void {
    this.tell({ do: 'token', token });
  }

  /** The lines of a socket's event, so far. */
  of(socket: string, event: string, namespace = '/'): Line[] {
    return this.lines.items.filter(
      (line) => line.socket === socket && line.event === event && line.namespace === namespace,
    );
  }

  messages(socket: string): Message[] {
    return this.of(socket, 'message').map(({ payload }) => payload as Message);
  }

  answers(): Map<number, Reply<Message>> {
    return new Map(
      this.lines.items.flatMap(({ ack, payload }) =>
        ack === undefined ? [] : [[ack, payload as Reply<Message>]],
      ),
    );
  }

  async end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
  }

  private tell(command: object): void {
    this.process.stdin!.write(`${JSON.stringify(command)}\n`);
  }
}
