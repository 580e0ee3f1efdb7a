// The chat in the page: the library of Socket.IO, and a few calls over HTTP.
import { io } from '/socket.io.esm.min.js';

const at = (id) => document.getElementById(id);
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Asks the application for a new token. It knows by its own cookie who asks. */
async function logIn() {
  for (;;) {
    const answer = await fetch('/token').catch(() => undefined);
    if (answer?.ok) return answer.json();
    // The person is not logged in any more: show the page for that.
    if (answer?.status === 401) location.reload();
    await pause(2000);
  }
}

const { aldis, username, name, people } = await logIn();
at('me').textContent = name;

/** The messages with each person, by their number in the conversation: whatever comes twice is kept once. */
const chats = new Map(people.map((person) => [person.username, new Map()]));
let open;

const socket = io(aldis, { auth: async (give) => give({ token: (await logIn()).token }) });
socket.on('message', add);
socket.on('message:updated', add);
// What was shown may be incomplete after a break.
socket.on('sync:done', () => open && load(open));
socket.on('connect', () => say(''));
socket.on('disconnect', () => say('Connecting …'));
socket.on('connect_error', async ({ data: problem }) => {
  say(problem?.detail ?? 'Connecting …');
  // Without a problem nobody answered, and the library tries again by itself.
  if (!problem || (!problem.retryable && problem.code !== 'token_expired')) return;
  await pause(1000 * (problem.retryAfter ?? 1));
  socket.connect();
});
// A token lives for five minutes, and the socket not much longer: renew it in time.
setInterval(
  async () => socket.connected && socket.emit('auth:renew', { token: (await logIn()).token }),
  240_000,
);

for (const person of people) {
  const button = document.createElement('button');
  button.textContent = person.name;
  button.addEventListener('click', () => show(person, button));
  at('people').append(document.createElement('li'));
  at('people').lastChild.append(button);
}

function show(person, button) {
  open = person.username;
  at('people').querySelector('[aria-current]')?.removeAttribute('aria-current');
  button.setAttribute('aria-current', 'true');
  at('other').textContent = person.name;
  at('write').hidden = false;
  at('text').focus();
  draw();
  load(open);
}

/** Reads the newest messages with somebody. */
async function load(other) {
  const { token } = await logIn();
  const get = async (path) =>
    (await fetch(aldis + path, { headers: { authorization: `Bearer ${token}` } })).json();
  const { items: [conversation] = [] } = await get(`/api/conversations?with=${encodeURIComponent(other)}`);
  if (!conversation) return;
  const { items = [] } = await get(`/api/conversations/${conversation.id}/messages`);
  items.forEach(add);
}

function add(message) {
  const other = message.sender === username ? message.receiver : message.sender;
  chats.get(other)?.set(message.seq, message);
  if (other === open) draw();
}

function draw() {
  const list = at('messages');
  const messages = [...chats.get(open).values()].sort((one, two) => one.seq - two.seq);
  list.replaceChildren(
    ...messages.map(({ sender, text, timestamp, deletedAt }) => {
      const item = document.createElement('li');
      item.className = sender === username ? 'mine' : '';
      item.textContent = deletedAt ? 'deleted' : text;
      item.title = new Date(timestamp).toLocaleString();
      return item;
    }),
  );
  at('log').scrollTop = at('log').scrollHeight;
}

at('write').addEventListener('submit', async (event) => {
  event.preventDefault();
  const message = { receiver: open, text: at('text').value, clientId: crypto.randomUUID() };
  at('text').value = '';
  for (;;) {
    // Without an answer nobody knows whether it was stored: with the same clientId it is stored once.
    const reply = await socket
      .timeout(10_000)
      .emitWithAck('message', message)
      .catch(() => undefined);
    if (reply?.status === 'ok') return add(reply.data);
    if (reply && !reply.error.retryable) {
      at('text').value = message.text;
      return say(reply.error.detail);
    }
    await pause(1000 * (reply?.error.retryAfter ?? 1));
  }
});

function say(problem) {
  at('problem').textContent = problem;
}
