import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Stands between a client and the server, and can let what the server sends vanish, as a network does that a
 * phone has left: the bytes are taken, they never arrive, and neither side is told.
 */
export class Hole {
  /** From what on it is a hole. */
  private edge: string | null = null;
  private open = true;
  /** What vanished. */
  swallowed = '';
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(target: URL) {
    this.server = createServer((near) => {
      const far = connect(Number(target.port), target.hostname);
      near.pipe(far);
      far.on('data', (bytes) => {
        if (this.edge !== null && bytes.includes(this.edge)) this.open = false;
        if (this.open) near.write(bytes);
        else this.swallowed += bytes.toString('latin1');
      });
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.sockets.delete(one);
          other.destroy();
        });
      }
    });
  }

  static async before(target: string): Promise<Hole> {
    const hole = new Hole(new URL(target));
    await new Promise<void>((listening) => hole.server.listen(0, '127.0.0.1', listening));
    return hole;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From the first bytes on in which this text stands, nothing arrives at clients. */
  swallow(edge: string): void {
    this.edge = edge;
  }

  /** Ends all connections. */
  end(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
