import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/**
 * One host in front of several servers, each of which is under a path of it: the path is passed on as it is.
 */
export class Host {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly targets: URL[]) {
    this.server = createServer((incoming, response) => {
      const target = this.target(incoming);
      if (!target) return void response.writeHead(404).end();
      const { method = 'GET', url = '/', headers } = incoming;
      const onward = request(
        { host: target.hostname, port: target.port, method, path: url, headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      onward.on('error', () => incoming.socket.destroy());
      incoming.pipe(onward);
    });
    this.server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
      const target = this.target(incoming);
      if (!target) return void socket.destroy();
      const onward = connect(Number(target.port), target.hostname);
      const lines = incoming.rawHeaders.flatMap((part, index, all) =>
        index % 2 ? [] : [`${part}: ${all[index + 1]}`],
      );
      onward.write(`GET ${incoming.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
      this.sockets.add(socket);
      for (const [one, other] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
    });
  }

  static async of(...urls: string[]): Promise<Host> {
    const host = new Host(urls.map((url) => new URL(url)));
    await new Promise<void>((listening) => host.server.listen(0, '127.0.0.1', listening));
    return host;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  end(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.closeAllConnections();
    this.server.close();
  }

  private target({ url = '/' }: IncomingMessage): URL | undefined {
    return this.targets.find(({ pathname }) => `${url}/`.startsWith(`${pathname}/`));
  }
}
