/**
 * The design Aldis grew out of, at its best: Node and socket.io, everything in memory, a queue for those who
 * are offline. Deliveries are not stored and not confirmed by the receiver.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import jwt from 'jsonwebtoken';
import { Server, type Socket } from 'socket.io';

interface Message {
  id: string;
  sender: string;
  receiver: string;
  text: string;
  timestamp: number;
}

type Ack = (reply: { status: 'ok'; data: Message }) => void;

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
const secret = randomBytes(32);

/** Who is connected, with all their sockets. */
const online = new Map<string, Set<Socket>>();
/** What waits for those who are not. */
const queued = new Map<string, Message[]>();

const http = createServer((request, response) => {
  login(request, response).catch(() => response.writeHead(400).end());
});

// Compression is off unless asked for; `ws` uses the native code of bufferutil where that is installed.
const io = new Server(http, { serveClient: false, perMessageDeflate: false, httpCompression: false });

// The first request of every session would stay in memory: the manual of socket.io says to let it go.
io.engine.on('connection', (raw: { request: unknown }) => {
  raw.request = null;
});

io.use((socket, next) => {
  try {
    const { username } = jwt.verify(socket.handshake.auth['token'], secret) as { username: string };
    socket.data = username;
    next();
  } catch {
    next(new Error('Invalid token'));
  }
});

io.on('connection', (socket) => {
  const username = socket.data as string;
  const sockets = online.get(username);
  if (sockets) sockets.add(socket);
  else online.set(username, new Set([socket]));

  for (const message of queued.get(username) ?? []) socket.emit('message', message);
  queued.delete(username);

  socket.on('message', ({ sender, receiver, text }: Message, ack?: Ack) => {
    const message = { id: randomUUID(), sender, receiver, text, timestamp: Date.now() };
    deliver(message);
    ack?.({ status: 'ok', data: message });
  });
  socket.on('join', ({ room }: { room: string }, ack?: () => void) => {
    socket.join(room);
    ack?.();
  });
  socket.on('group', ({ room, text }: { room: string; text: string }, ack?: Ack) => {
    const message = { id: randomUUID(), sender: username, receiver: room, text, timestamp: Date.now() };
    socket.to(room).emit('message', message);
    ack?.({ status: 'ok', data: message });
  });
  socket.on('disconnect', () => {
    const sockets = online.get(username);
    sockets?.delete(socket);
    if (!sockets?.size) online.delete(username);
  });
});

http.listen(Number(values.port), '127.0.0.1', 4096, () => {
  console.log(`listening on http://127.0.0.1:${(http.address() as AddressInfo).port}`);
});

function deliver(message: Message): void {
  const sockets = online.get(message.receiver);
  if (sockets) {
    for (const socket of sockets) socket.emit('message', message);
    return;
  }
  const waiting = queued.get(message.receiver);
  if (waiting) waiting.push(message);
  else queued.set(message.receiver, [message]);
}

/** Anybody is let in: registering is not what is measured. */
async function login(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST' || request.url !== '/auth/login') {
    response.writeHead(404).end();
    return;
  }
  let body = '';
  for await (const part of request.setEncoding('utf8')) body += part;
  const { username } = JSON.parse(body) as { username: string };
  const token = jwt.sign({ username }, secret, { expiresIn: '1h' });
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token }));
}
