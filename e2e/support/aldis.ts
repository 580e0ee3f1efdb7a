import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { io, type Socket } from 'socket.io-client';

import type {
  ClientToServerEvents,
  Conversation,
  LoggedIn,
  Message,
  Page,
  Reply,
  SendMessage,
  ServerToClientEvents,
} from '../../web/src/app/protocol/protocol.ts';
import { Server } from './process.ts';

export const BINARY = resolve(
  import.meta.dirname,
  '..',
  process.env['ALDIS_BIN'] ?? '../target/release/aldis',
);
export const PASSWORD = 'correct horse battery';

export type Live = Socket<ServerToClientEvents, ClientToServerEvents>;

/** Somebody who is registered, verified and logged in. */
export interface Person extends LoggedIn {
  username: string;
  password: string;
}

let people = 0;

/** The binary with a data directory of its own, which survives a restart on the same address. */
export class Aldis {
  private constructor(
    private server: Server,
    readonly data: string,
    private readonly flags: string[],
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /**
   * Serves with these flags besides where to listen and to keep its data: in a new folder, if none is named.
   */
  static async start(flags: string[] = [], folder?: string, env: NodeJS.ProcessEnv = {}): Promise<Aldis> {
    const data = folder ?? (await mkdtemp(join(tmpdir(), 'aldis-')));
    return new Aldis(await Aldis.serve('127.0.0.1:0', data, flags, env), data, flags, env);
  }

  private static serve(
    listen: string,
    data: string,
    flags: string[],
    env: NodeJS.ProcessEnv,
  ): Promise<Server> {
    const where = ['--listen', listen, '--data', data, '--metrics-listen', 'off'];
    return Server.start(BINARY, ['serve', ...where, ...flags], env);
  }

  get url(): string {
    return this.server.url;
  }

  /** What it wrote to standard error so far. */
  get log(): string[] {
    return this.server.log;
  }

  get pid(): number {
    return this.server.pid;
  }

  /** Runs `aldis user` on its data, while it runs or not, and gives what it printed. */
  async user(...command: string[]): Promise<string> {
    const run = promisify(execFile)(BINARY, ['user', ...command, '--data', this.data], {
      env: {},
      timeout: 20_000,
    });
    return (await run).stdout;
  }

  /** A person who is an admin of the server. */
  async admin(name: string): Promise<Person> {
    const person = await this.person(name);
    await this.user('admin', person.username);
    return person;
  }

  /** Asks it to stop and gives its exit code. */
  stop(): Promise<number | null> {
    return this.server.stop();
  }

  /** Ends it at once, as a power cut would. */
  async kill(): Promise<void> {
    await this.server.stop('SIGKILL');
  }

  /** Starts it again on the same address and data. */
  async restart(): Promise<void> {
    this.server = await Aldis.serve(new URL(this.url).host, this.data, this.flags, this.env);
  }

  /** Ends it and removes its data. */
  async end(): Promise<void> {
    await this.server.stop();
    await rm(this.data, { recursive: true, force: true });
  }

  /** A request as it is answered. */
  request(
    method: string,
    path: string,
    body?: unknown,
    token?: string,
    headers: object = {},
  ): Promise<Response> {
    return fetch(this.url + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** The body of a successful answer. */
  async call<T>(method: string, path: string, body?: unknown, token?: string): Promise<T> {
    const response = await this.request(method, path, body, token);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /**
   * Registers, verifies and logs in; the username is `name` and a number that makes it unique. It begins with
   * a capital letter, as people write their names: whatever compares usernames must not care.
   */
  async person(name: string, displayName = name): Promise<Person> {
    const username = `${name.charAt(0).toUpperCase()}${name.slice(1)}-${process.pid}-${++people}`;
    await this.call('POST', '/auth/register', { username, password: PASSWORD, displayName });
    await this.call('POST', '/auth/verify', { username, otp: '123456' });
    return { ...(await this.login(username)), username, password: PASSWORD };
  }

  login(username: string, device?: string): Promise<LoggedIn> {
    return this.call('POST', '/auth/login', { username, password: PASSWORD, device });
  }

  /** Connects with the official client and waits until what was missed has arrived. */
  async connect({ token }: { token: string }, auth: object = {}): Promise<Live> {
    const { origin, pathname } = new URL(this.url);
    const path = `${pathname.replace(/\/$/, '')}/socket.io/`;
    const socket: Live = io(origin, { path, auth: { token, ...auth }, forceNew: true });
    await new Promise<void>((done, failed) => {
      socket.once('sync:done', () => done());
      socket.once('connect_error', failed);
    });
    return socket;
  }

  /** A group of which the first of these is the owner. */
  group(title: string, [owner, ...others]: [Person, ...Person[]]): Promise<Conversation> {
    return this.call(
      'POST',
      '/api/conversations',
      { title, members: others.map(({ username }) => username) },
      owner.token,
    );
  }

  async conversations({ token }: { token: string }): Promise<Conversation[]> {
    return (await this.call<Page<Conversation>>('GET', '/api/conversations', undefined, token)).items;
  }

  /** Moves a person's read mark, as one of their devices does. */
  read({ token }: { token: string }, conversationId: string, readSeq: number): Promise<void> {
    return this.call('POST', `/api/conversations/${conversationId}/receipt`, { readSeq }, token);
  }

  /** All that waits for a person is read: a chat then opens at its end. */
  async readAll(person: { token: string }): Promise<void> {
    for (const { id, headSeq } of await this.conversations(person)) await this.read(person, id, headSeq);
  }

  async messages({ token }: { token: string }, conversationId: string): Promise<Message[]> {
    return (
      await this.call<Page<Message>>(
        'GET',
        `/api/conversations/${conversationId}/messages?limit=200`,
        undefined,
        token,
      )
    ).items;
  }
}

/** Sends and gives what the server stored. */
export async function say(socket: Live, message: SendMessage): Promise<Message> {
  return answer(await socket.timeout(10_000).emitWithAck('message', message));
}

/** The data of an acknowledgement, or its error thrown. */
export function answer<T>(reply: Reply<T>): T {
  if (reply.status === 'error') throw new Error(`${reply.error.code}: ${reply.error.detail}`);
  return reply.data;
}
