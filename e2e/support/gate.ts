import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

/**
 * Stands between a browser and the server. Pages pass always; the live connection can be cut and kept out,
 * as by a network that fails while the server is well.
 */
export class Gate {
  private open_ = true;
  /** Makes another text of what the server answers at a path. */
  rewrite: { path: string; text: (text: string) => string } | null = null;
  /** Takes so many bytes a second of what is sent to a path, and passes nothing of it on. */
  throttle: { path: string; rate: number } | null = null;
  /** Requests with a body that was throttled: how many began, and how many of them the sender broke off. */
  readonly uploads = { begun: 0, broken: 0 };
  private readonly live = new Set<Socket>();
  private readonly server: Server;

  private constructor(private readonly target: URL) {
    this.server = createServer((incoming, response) => {
      if (this.stops(incoming)) return void incoming.socket.destroy();
      const { method = 'GET', url = '/', headers } = incoming;
      const onward = request(
        { host: target.hostname, port: target.port, method, path: url, headers },
        (answer) => {
          if (this.rewrite && url.startsWith(this.rewrite.path))
            return void this.rewritten(answer, response, this.rewrite.text);
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      onward.on('error', () => incoming.socket.destroy());
      if (this.throttle && method === 'POST' && url.startsWith(this.throttle.path))
        return this.take(incoming, this.throttle.rate);
      incoming.pipe(onward);
    });
    this.server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
      if (this.stops(incoming)) return void socket.destroy();
      const onward = connect(Number(target.port), target.hostname);
      const lines = incoming.rawHeaders.flatMap((part, index, all) =>
        index % 2 ? [] : [`${part}: ${all[index + 1]}`],
      );
      onward.write(`GET ${incoming.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
      for (const [one, other] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        this.live.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.live.delete(one);
          other.destroy();
        });
      }
    });
  }

  static async before(target: string): Promise<Gate> {
    const gate = new Gate(new URL(target));
    await new Promise<void>((listening) => gate.server.listen(0, '127.0.0.1', listening));
    return gate;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Cuts the live connection and keeps it out. */
  close(): void {
    this.open_ = false;
    for (const socket of this.live) socket.destroy();
  }

  open(): void {
    this.open_ = true;
  }

  /** The live connection stays open and carries nothing more, as when the network below it vanishes. */
  freeze(): void {
    this.open_ = false;
    for (const socket of this.live) socket.unpipe();
    for (const socket of this.live) socket.resume();
  }

  end(): void {
    this.close();
    this.server.closeAllConnections();
    this.server.close();
  }

  /** Reads as fast as a slow line does. */
  private take(incoming: IncomingMessage, rate: number): void {
    this.uploads.begun++;
    incoming.on('close', () => {
      if (!incoming.complete) this.uploads.broken++;
    });
    incoming.on('error', () => undefined);
    incoming.on('data', (chunk: Buffer) => {
      incoming.pause();
      setTimeout(() => incoming.resume(), (chunk.length / rate) * 1_000);
    });
  }

  private async rewritten(
    answer: IncomingMessage,
    response: ServerResponse,
    text: (text: string) => string,
  ): Promise<void> {
    const { 'content-length': _, 'content-encoding': encoding, etag: __, ...headers } = answer.headers;
    const bytes = Buffer.concat(await answer.toArray());
    const plain =
      encoding === 'br' ? brotliDecompressSync(bytes) : encoding === 'gzip' ? gunzipSync(bytes) : bytes;
    response.writeHead(answer.statusCode ?? 502, headers).end(text(plain.toString()));
  }

  private stops({ url = '' }: IncomingMessage): boolean {
    return !this.open_ && url.startsWith('/socket.io/');
  }
}
