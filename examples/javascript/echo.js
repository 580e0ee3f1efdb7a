// Answers every message with its own text, each once, also those that came while it was not running: node echo.js
import { connect, send, token, url } from './aldis.js';

const me = await (await fetch(`${url}/api/users/me`, { headers: { authorization: `Bearer ${token}` } })).json();

// With `acks` a message comes again until it is acknowledged, which is once its answer is stored.
const socket = connect(() => ({ acks: true }));
socket.on('message', async ({ id, conversationId, clientId, sender, text }, received) => {
  // Two of these would never stop.
  if (sender !== me.username && !clientId?.startsWith('echo-')) {
    // The same message has the same answer, so that one which comes again is not answered again.
    const answer = { conversationId, text, replyTo: id, clientId: `echo-${id}` };
    // What cannot be answered, such as a picture without a text, must not come again for ever.
    await send(socket, answer).catch(({ message }) => console.error(message));
  }
  received();
});
