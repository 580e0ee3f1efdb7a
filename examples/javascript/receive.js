// Prints messages as they come, and those that came while it was not running: node receive.js [CURSOR-FILE]
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from './aldis.js';

const file = process.argv[2] ?? 'cursor';
let cursor = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
let printed = false;
/** The last `seq` of each conversation: what came after the cursor was kept comes again with the next connection. */
const last = new Map();

const socket = connect(() => ({ cursor }));
socket.on('message', ({ conversationId, seq, sender, text }) => {
  if (seq <= (last.get(conversationId) ?? 0)) return;
  last.set(conversationId, seq);
  console.log(`${sender}: ${text}`);
  printed = true;
});

// What waited has been sent.
socket.on('sync:done', (synced) => keep(synced.cursor));
// Afterwards `sync` moves the cursor on. If this program is killed in between, it prints the last second's again.
setInterval(() => {
  if (!printed || !socket.connected) return;
  printed = false;
  socket.emit('sync', {}, (reply) => {
    if (reply.status === 'ok') keep(reply.data.cursor);
    else printed = true;
  });
}, 1000);

function keep(next) {
  cursor = next;
  // In one step, so that the file is never half written.
  writeFileSync(`${file}.new`, next);
  renameSync(`${file}.new`, file);
}
