import { io, type ManagerOptions, type SocketOptions } from 'socket.io-client';

import type { Message, Problem, Receipt } from '../../web/src/app/protocol/protocol.ts';
import type { Live } from './aldis.ts';

/** What a socket received, with a way to wait for more. */
export class Inbox<T> {
  readonly items: T[] = [];
  private readonly waiting: (() => void)[] = [];

  add(item: T): void {
    this.items.push(item);
    for (const check of this.waiting) check();
  }

  /** Waits until there are so many. */
  async reaches(count: number): Promise<T[]> {
    await this.until((items) => items.length >= count);
    return this.items;
  }

  /** Waits until a condition holds. */
  until(holds: (items: T[]) => boolean): Promise<void> {
    return new Promise((done) => {
      const check = () => {
        if (holds(this.items)) done();
      };
      this.waiting.push(check);
      check();
    });
  }
}

/** A client of the official library that is not connected yet, with what it will receive. */
export function client(url: string, auth: object, options: Partial<ManagerOptions & SocketOptions> = {}) {
  const socket: Live = io(url, {
    auth,
    forceNew: true,
    autoConnect: false,
    transports: ['websocket'],
    ...options,
  });
  const messages = new Inbox<Message>();
  const events = new Inbox<[name: string, payload: unknown]>();
  socket.on('message', (message) => messages.add(message));
  socket.onAny((name: string, payload: unknown) => events.add([name, payload]));
  return { socket, messages, events };
}

export type Client = ReturnType<typeof client>;

/** Connects and waits until what was missed has arrived; gives the cursor. */
export async function join({ socket }: Client): Promise<string> {
  const done = new Promise<string>((done, failed) => {
    socket.once('sync:done', ({ cursor }) => done(cursor));
    socket.once('connect_error', failed);
  });
  socket.connect();
  return done;
}

/** Tries to connect and gives why it was refused. */
export async function refusedConnect({ socket }: Client): Promise<{ message: string; data: Problem }> {
  const refused = new Promise<{ message: string; data: Problem }>((done, failed) => {
    socket.once('connect', () => failed(new Error('it was let in')));
    socket.once('connect_error', (error) => done(error as unknown as { message: string; data: Problem }));
  });
  socket.connect();
  return refused.finally(() => socket.close());
}

/** Waits until a client was told that somebody has what was sent to them, up to a `seq`. */
export function delivered(
  { events }: Client,
  { username }: { username: string },
  seq: number,
): Promise<void> {
  return events.until((items) =>
    items.some(([name, payload]) => {
      const receipt = payload as Receipt;
      return name === 'receipt' && receipt.username === username && receipt.deliveredSeq >= seq;
    }),
  );
}

/** Waits for the next event of a name. */
export function next<T>({ socket }: Client, name: string): Promise<T> {
  return new Promise((done) => socket.once(name as 'message', (payload: unknown) => done(payload as T)));
}
