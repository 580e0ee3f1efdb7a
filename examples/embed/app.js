// An application with a log-in of its own, whose people chat through Aldis.
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';

const aldis = process.env.ALDIS_URL ?? 'http://localhost:5000';
const port = process.env.PORT ?? 4000;
const file = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The application's people. Yours are in a database, their passwords hashed. */
const people = {
  ann: { name: 'Ann Archer', password: 'lamp' },
  bob: { name: 'Bob Baker', password: 'lamp' },
};
/** Who is logged in, by the value of their cookie. */
const sessions = new Map();

// A new key at each start. Keep yours in a secret store: only the public part is published.
const { privateKey, publicKey } = await generateKeyPair('EdDSA');
const jwk = await exportJWK(publicKey);
const kid = await calculateJwkThumbprint(jwk);

/** Tells Aldis who somebody is, for five minutes. */
const tokenFor = (username) =>
  new SignJWT({ name: people[username].name })
    .setProtectedHeader({ alg: 'EdDSA', kid })
    .setIssuer('my-app')
    .setAudience('aldis')
    .setSubject(username)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey);

const app = express();
app.use(express.urlencoded());
app.use((request, _, next) => {
  request.session = /(?:^|; )session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
  request.username = sessions.get(request.session);
  next();
});

app.get('/jwks.json', (_, response) => response.json({ keys: [{ ...jwk, kid, alg: 'EdDSA', use: 'sig' }] }));

app.post('/login', (request, response) => {
  const { username, password } = request.body ?? {};
  const person = Object.hasOwn(people, username) ? people[username] : undefined;
  if (!person || person.password !== password) return response.redirect('/?wrong');
  const session = randomUUID();
  sessions.set(session, username);
  response.cookie('session', session, { httpOnly: true, sameSite: 'lax' }).redirect('/');
});

app.post('/logout', ({ session }, response) => {
  sessions.delete(session);
  response.clearCookie('session').redirect('/');
});

// The page asks for a token when it connects, and again before the token expires.
app.get('/token', async ({ username }, response) => {
  if (!username) return response.sendStatus(401);
  const others = Object.entries(people).filter(([other]) => other !== username);
  const answer = { token: await tokenFor(username), aldis, username, name: people[username].name };
  answer.people = others.map(([username, { name }]) => ({ username, name }));
  response.set('cache-control', 'no-store').json(answer);
});

app.get('/', ({ username }, response) =>
  response.sendFile(file(`public/${username ? 'chat' : 'login'}.html`)),
);
app.use(express.static(file('public'), { index: false }));
app.use(express.static(file('node_modules/socket.io-client/dist')));

/** Aldis makes an account at the first sight of a token: so people can be written to before they first come. */
async function introduce(username) {
  const headers = { authorization: `Bearer ${await tokenFor(username)}` };
  const answer = await fetch(`${aldis}/api/users/me`, { headers }).catch(() => undefined);
  if (answer?.ok) return;
  console.error(answer ? (await answer.json()).detail : `${aldis} does not answer yet.`);
  setTimeout(introduce, 2000, username);
}

app.listen(port, '127.0.0.1', async () => {
  await Promise.all(Object.keys(people).map(introduce));
  console.log(`My app is at http://localhost:${port}; log in as ann or bob with the password lamp.`);
});
