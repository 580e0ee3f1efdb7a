import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

/** A key of an issuer. */
export interface SigningKey {
  alg: string;
  kid: string;
  privateKey: CryptoKey;
  publicKey: CryptoKey;
  jwk: JWK;
}

export async function signingKey(alg: string, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** A host application: it signs tokens for its people, and publishes its keys. */
export class Issuer {
  readonly name = 'https://app.example';
  private constructor(
    private readonly server: Server,
    private readonly folder: string,
    /** What it publishes. */
    public keys: SigningKey[],
  ) {}

  static async start(...keys: SigningKey[]): Promise<Issuer> {
    if (!keys.length) keys = [await signingKey('EdDSA', 'first')];
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/jwk-set+json' });
      response.end(JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }));
    });
    const folder = await mkdtemp(join(tmpdir(), 'aldis-issuer-'));
    const issuer = new Issuer(server, folder, keys);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/jwks.json`;
  }

  /** The flags of a server that trusts it. `more` are further settings of the table. */
  async trusted(more = ''): Promise<string[]> {
    const path = join(this.folder, 'aldis.toml');
    const table = `[[trusted-issuer]]\nissuer = "${this.name}"\naudience = "chat"\njwks-url = "${this.url}"\n`;
    await writeFile(path, table + more);
    return ['--config', path];
  }

  /** A token of a person that lives for so many seconds, with more claims. */
  token(sub: string, seconds = 600, claims: object = {}, key = this.keys[0]!): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ iss: this.name, aud: 'chat', sub, iat: now, exp: now + seconds, ...claims })
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT' })
      .sign(key.privateKey);
  }

  /** Its keys are not there any more. */
  async goAway(): Promise<void> {
    await new Promise((done) => this.server.close(done));
  }

  async end(): Promise<void> {
    await this.goAway();
    await rm(this.folder, { recursive: true, force: true });
  }
}
