export type Status = 'connecting' | 'online' | 'offline';

/** What happened to the connection, or may have happened. */
export type LineEvent =
  | 'connected'
  | 'disconnected'
  /** An attempt to connect failed. */
  | 'refused'
  /** The browser says that the network is gone. */
  | 'unplugged'
  /** It may be dead: a request got no answer. */
  | 'doubted'
  /** An attempt is worth it at once: the network is back, or somebody looks at the page again. */
  | 'resumed'
  /** The server answered a probe or a request. */
  | 'answered'
  /** The server did not answer a probe. */
  | 'silent';

/** What is to be done about it. */
export type LineTask = 'probe' | 'reconnect';

export interface Line {
  readonly status: Status;
  /** The socket counts as connected, whether or not the network below it still is. */
  readonly up: boolean;
  readonly probing: boolean;
}

export const UNCONNECTED: Line = { status: 'connecting', up: false, probing: false };

const DOWN: Line = { status: 'offline', up: false, probing: false };

/**
 * The state of the connection after an event, and what to do. What a browser says of its network is only a
 * reason to ask: a server on this machine is there without one, and a dead connection may go unnoticed for
 * minutes. So a connection is online from an answer to a silence.
 */
export function step(line: Line, event: LineEvent): [Line, LineTask?] {
  switch (event) {
    case 'connected':
      return [{ status: 'online', up: true, probing: false }];
    case 'disconnected':
      return [DOWN];
    case 'refused':
      return [line.up ? line : DOWN];
    // Of an attempt under way nothing more would be heard until it is given up; a new one is refused at once.
    case 'unplugged':
    case 'resumed':
      return line.up ? doubt(line) : [line, 'reconnect'];
    case 'doubted':
      return doubt(line);
    case 'answered':
      return [line.up ? { status: 'online', up: true, probing: false } : line];
    case 'silent':
      // The silence of an earlier connection says nothing of this one.
      return line.probing ? [DOWN, 'reconnect'] : [line];
  }
}

function doubt(line: Line): [Line, LineTask?] {
  return line.up && !line.probing ? [{ ...line, probing: true }, 'probe'] : [line];
}
