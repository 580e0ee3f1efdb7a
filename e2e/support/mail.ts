import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A mail as it arrived. */
export interface Arrived extends Email {
  /** The address that it was sent to. */
  recipient: string;
  /** Whether the connection was encrypted. */
  secure: boolean;
}

/** A mail server on this machine that keeps what arrives. */
export class MailServer {
  readonly arrived: Arrived[] = [];
  /** What holds back the answer to a mail. */
  held: Promise<void> | undefined;
  private readonly server: SMTPServer;
  private waiting: (() => void)[] = [];

  /** Everybody may send, unless `options` say otherwise. */
  constructor(options: SMTPServerOptions = {}) {
    this.server = new SMTPServer({
      authOptional: true,
      disabledCommands: options.key ? [] : ['STARTTLS'],
      ...options,
      onData: (stream, session, done) => {
        void (async () => {
          const mail = await PostalMime.parse(Buffer.concat(await stream.toArray()));
          await this.held;
          const recipient = session.envelope.rcptTo[0]!.address;
          this.arrived.push({ ...mail, recipient, secure: session.secure });
          done();
          for (const wake of this.waiting.splice(0)) wake();
        })();
      },
    });
    // A client that goes away is no fault of the server.
    this.server.on('error', () => undefined);
  }

  /** Listens; gives the port. */
  async listen(port = 0): Promise<number> {
    await new Promise<void>((done) => this.server.listen(port, '127.0.0.1', done));
    return (this.server.server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    return new Promise((done) => this.server.close(done));
  }

  /** Waits for the mail that arrives after so many. */
  async mail(after = this.arrived.length): Promise<Arrived> {
    while (this.arrived.length <= after) await new Promise<void>((wake) => this.waiting.push(wake));
    return this.arrived[after]!;
  }
}

/** The code in a mail: the one line of six digits. */
export function codeOf({ text }: Email): string {
  return /^\d{6}$/m.exec(text ?? '')![0];
}

/** Makes a certificate for `localhost`; gives it and its key, and the file of the certificate. */
export async function certificate(folder: string): Promise<{ key: Buffer; cert: Buffer; file: string }> {
  const [key, file] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const end = ['-addext', 'basicConstraints=critical,CA:FALSE'];
  const made = ['-keyout', key, '-out', file];
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...name, ...end, ...made]);
  return { key: await readFile(key), cert: await readFile(file), file };
}
