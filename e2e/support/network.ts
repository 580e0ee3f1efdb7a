import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A network between a client and the server, of connections and bytes, which can vanish without a word. */
export class Network {
  private readonly lines = new Set<Line>();
  private waiting: Socket[] | null = null;
  private refusing = false;
  private readonly server: Server;

  private constructor(private readonly target: URL) {
    this.server = createServer((near) => {
      if (this.refusing) near.destroy();
      else if (this.waiting) this.waiting.push(near);
      else this.connect(near);
    });
  }

  static async before(url: string): Promise<Network> {
    const network = new Network(new URL(url));
    await new Promise<void>((listening) => network.server.listen(0, '127.0.0.1', listening));
    return network;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Ends all connections, and refuses new ones. */
  cut(): void {
    this.refusing = true;
    for (const line of this.lines) line.end();
  }

  /** Nothing passes any more and neither side is told; their systems go on taking what is sent. */
  vanish(): void {
    this.waiting = [];
    for (const line of this.lines) line.dead = true;
  }

  /** Connections that were tried meanwhile come about; those from before stay dead. */
  restore(): void {
    const tried = this.waiting ?? [];
    this.waiting = null;
    this.refusing = false;
    for (const near of tried) this.connect(near);
  }

  end(): void {
    for (const near of this.waiting ?? []) near.destroy();
    for (const line of this.lines) line.end();
    this.server.close();
  }

  private connect(near: Socket): void {
    this.lines.add(new Line(near, connect(Number(this.target.port), this.target.hostname)));
  }
}

/** A connection through the network. */
class Line {
  dead = false;

  constructor(
    private readonly near: Socket,
    private readonly far: Socket,
  ) {
    this.pass(near, far);
    this.pass(far, near);
  }

  end(): void {
    this.near.destroy();
    this.far.destroy();
  }

  private pass(from: Socket, to: Socket): void {
    from.on('data', (bytes) => !this.dead && to.write(bytes));
    from.on('error', () => undefined);
    from.on('close', () => !this.dead && to.destroy());
  }
}
