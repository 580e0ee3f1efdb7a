// The JavaScript library, of the version that the first argument names, driven by lines of JSON (README.md).
import { createInterface } from 'node:readline';

const { Manager } = await import(process.argv[2]);
let token = process.env.TOKEN;
const sockets = new Map();

const tell = (line) => console.log(JSON.stringify(line));

const commands = {
  connect({ socket: id, namespaces, transports, auth }) {
    const manager = new Manager(process.env.URL, { transports, reconnectionDelay: 500, reconnectionDelayMax: 2000 });
    for (const namespace of namespaces) {
      // The function is asked at each connection, so that a renewed token is used.
      const socket = manager.socket(namespace, { auth: auth ?? ((give) => give({ token })) });
      if (namespace === '/') sockets.set(id, socket);
      const report = (event, payload) => tell({ socket: id, namespace, event, payload });
      socket.on('connect', () => report('connect'));
      socket.on('disconnect', (reason) => report('disconnect', reason));
      socket.on('connect_error', ({ message, data }) => report('connect_error', { message, data }));
      socket.onAny(report);
      socket.connect();
    }
  },
  // The library keeps what is emitted while there is no connection.
  emit({ socket, event, payload, ack }) {
    const answered = ack === undefined ? [] : [(answer) => tell({ socket, ack, payload: answer })];
    sockets.get(socket).emit(event, payload, ...answered);
  },
  token(command) {
    token = command.token;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  commands[command.do](command);
  tell({ did: command.do });
}
process.exit();
