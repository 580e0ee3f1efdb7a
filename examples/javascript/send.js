// Sends a message and ends once it is stored: node send.js USERNAME TEXT
import { randomUUID } from 'node:crypto';
import { connect, send } from './aldis.js';

const [receiver, text] = process.argv.slice(2);
// What waits for this account is for who reads it: with `acks` nothing counts as delivered that is not acknowledged.
const socket = connect(() => ({ acks: true }));
const { seq, conversationId } = await send(socket, { receiver, text, clientId: randomUUID() });
console.log(`stored as number ${seq} of ${conversationId}`);
socket.disconnect();
