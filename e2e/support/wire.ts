import { request } from 'node:http';

/** An answer of the Engine.IO path, refused or not. */
export interface Answered {
  status: number;
  body: string;
  /** What a refusal says. */
  message: string;
}

/**
 * A request with headers that `fetch` sets itself: `Host`, `Origin`, `Connection`. An upgrade that is
 * accepted is answered with 101 and hung up.
 */
export function ask(url: string, path: string, headers: Record<string, string> = {}): Promise<Answered> {
  return new Promise((done, failed) => {
    const asked = request(url + path, { headers }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => void (body += piece));
      response.on('end', () => done({ status: response.statusCode!, body, message: said(body) }));
    });
    asked.on('upgrade', ({ statusCode }, socket) => {
      socket.destroy();
      done({ status: statusCode!, body: '', message: '' });
    });
    asked.on('error', failed).end();
  });
}

function said(body: string): string {
  if (!body.startsWith('{')) return '';
  const { message, detail } = JSON.parse(body) as { message?: string; detail?: string };
  return message ?? detail ?? '';
}

export const POLLING = '/socket.io/?EIO=4&transport=polling';
export const WEBSOCKET = '/socket.io/?EIO=4&transport=websocket';

/** The headers of a WebSocket handshake. */
export const HANDSHAKE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** A session over HTTP long-polling, spoken packet by packet. */
export class Polling {
  private constructor(
    readonly url: string,
    readonly maxPayload: number,
  ) {}

  static async open(server: string): Promise<Polling> {
    const open = JSON.parse((await (await fetch(server + POLLING)).text()).slice(1)) as {
      sid: string;
      maxPayload: number;
    };
    return new Polling(`${server}${POLLING}&sid=${open.sid}`, open.maxPayload);
  }

  /** Opens a session and connects it to the default namespace. */
  static async connect(server: string, auth: unknown): Promise<Polling> {
    const polling = await Polling.open(server);
    await polling.post(`40${JSON.stringify(auth)}`);
    const connected = await polling.get();
    if (!connected.body.startsWith('40')) throw new Error(connected.body);
    return polling;
  }

  async post(...packets: string[]): Promise<Answered> {
    return answered(await fetch(this.url, { method: 'POST', body: packets.join('\x1e') }));
  }

  async get(): Promise<Answered> {
    return answered(await fetch(this.url));
  }

  /** The next packet that begins so, and what follows in it. */
  async until(start: string): Promise<string> {
    for (;;) {
      const { status, body } = await this.get();
      if (status !== 200) throw new Error(body);
      const packet = body.split('\x1e').find((packet) => packet.startsWith(start));
      if (packet) return packet.slice(start.length);
    }
  }
}

async function answered(response: Response): Promise<Answered> {
  const body = await response.text();
  return { status: response.status, body, message: said(body) };
}
