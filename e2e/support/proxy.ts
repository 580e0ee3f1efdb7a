import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, type AgentOptions, request } from 'node:https';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

const deploy = resolve(import.meta.dirname, '../../deploy');
const run = promisify(execFile);

/** The name in the examples. It leads nowhere: who connects is led to the proxy on this machine. */
export const NAME = 'chat.example.org';

interface Ports {
  aldis: string;
  http: number;
  https: number;
  admin: number;
}

interface Kind {
  /** The example in `deploy/`. */
  example: string;
  /** What is put in another's place in the example: ports, paths, and nothing else. Each must be found. */
  changes: (folder: string, ports: Ports) => [string | RegExp, string][];
  /** In place of the lines for the whole host, those for a path of it, as the comment in the example says. */
  under: [RegExp, string][];
  /** What the example needs around it that a machine with this proxy has: where its folders are, say. */
  around?: (folder: string, ports: Ports, example: string) => string;
  /** Runs it in the foreground. */
  command: (config: string, folder: string) => string[];
  /** Makes it read its configuration anew. */
  reload: (proxy: ChildProcess, config: string, ports: Ports) => unknown;
}

const isRoot = process.getuid?.() === 0;

const certificate = (folder: string): [string, string][] => [
  [`/etc/letsencrypt/live/${NAME}/fullchain.pem`, `${folder}/certificate.pem`],
  [`/etc/letsencrypt/live/${NAME}/privkey.pem`, `${folder}/key.pem`],
];

export const KINDS = {
  nginx: {
    example: 'nginx.conf',
    changes: (folder, { aldis, http, https }) => [
      ['127.0.0.1:5000', aldis],
      ['listen 80;', `listen 127.0.0.1:${http};`],
      ['listen 443 ', `listen 127.0.0.1:${https} `],
      ['listen [::]:80;', ''],
      ['listen [::]:443 ssl http2;', ''],
      ...certificate(folder),
    ],
    under: [[/# .*: (location .*)\n +location \/ \{/, '$1']],
    around: (folder) => `
      daemon off;
      pid ${folder}/nginx.pid;
      error_log stderr;
      events {}
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${folder}/${of};`).join(' ')}
        include ${folder}/nginx.conf;
      }`,
    command: (config, folder) => ['nginx', '-p', folder, '-e', 'stderr', '-c', config],
    reload: (proxy) => proxy.kill('SIGHUP'),
  },
  caddy: {
    example: 'Caddyfile',
    changes: (folder, { aldis }) => [
      ['127.0.0.1:5000', aldis],
      [/# (tls) \S+ \S+/, `$1 ${folder}/certificate.pem ${folder}/key.pem`],
    ],
    under: [[/# (@aldis .*)\n\t# (reverse_proxy @aldis .*)\n\treverse_proxy .*/, '$1\n$2']],
    around: (folder, { http, https, admin }) => `
      {
        admin 127.0.0.1:${admin}
        http_port ${http}
        https_port ${https}
        default_bind 127.0.0.1
        skip_install_trust
      }
      import ${folder}/Caddyfile`,
    command: (config) => ['caddy', 'run', '--config', config, '--adapter', 'caddyfile'],
    reload: (_, config, { admin }) =>
      run('caddy', [
        'reload',
        '--force',
        '--config',
        config,
        '--adapter',
        'caddyfile',
        '--address',
        `127.0.0.1:${admin}`,
      ]),
  },
  haproxy: {
    example: 'haproxy.cfg',
    changes: (folder, { aldis, http, https }) => [
      ['127.0.0.1:5000', aldis],
      ['bind :::80 v4v6', `bind 127.0.0.1:${http}`],
      ['bind :::443 v4v6', `bind 127.0.0.1:${https}`],
      [`/etc/haproxy/${NAME}.pem`, `${folder}/both.pem`],
      // Only root can become another user.
      ...(isRoot ? [] : ([[/user haproxy\n *group haproxy/, '']] as [RegExp, string][])),
    ],
    under: [[/# (use_backend .*)\n.*/, '$1']],
    command: (config) => ['haproxy', '-W', '-f', config],
    reload: (proxy) => proxy.kill('SIGUSR2'),
  },
  apache: {
    example: 'apache.conf',
    changes: (folder, { aldis, http, https }) => [
      ['127.0.0.1:5000', aldis],
      ['*:80', `127.0.0.1:${http}`],
      ['*:443', `127.0.0.1:${https}`],
      ...certificate(folder),
    ],
    under: [[/# (ProxyPass .*)\n.*/, '$1']],
    // What Debian's Apache has switched on, and what the example says is to be switched on.
    around: (folder, { http, https }, example) => `
      ServerRoot ${folder}
      DefaultRuntimeDir ${folder}
      PidFile ${folder}/apache.pid
      ErrorLog ${folder}/error.log
      ${isRoot ? 'User www-data\nGroup www-data' : ''}
      ${[
        'mpm_event',
        'authz_core',
        'alias',
        'reqtimeout',
        ...(/a2enmod (.*)/.exec(example)?.[1]?.split(' ') ?? []),
      ]
        .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
        .join('\n')}
      RequestReadTimeout header=20-40,minrate=500 body=10,minrate=500
      Listen 127.0.0.1:${http}
      Listen 127.0.0.1:${https}
      Include ${folder}/apache.conf`,
    command: (config, folder) => ['apache2', '-d', folder, '-f', config, '-D', 'FOREGROUND'],
    reload: (proxy) => proxy.kill('SIGUSR1'),
  },
} satisfies Record<string, Kind> as Record<string, Kind>;

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** A real proxy in front of a server, with TLS, set up by the example in `deploy/`. */
export class Proxy {
  private constructor(
    private readonly kind: Kind,
    private readonly process: ChildProcess,
    private readonly folder: string,
    private readonly config: string,
    readonly ports: Ports,
    private readonly ca: Buffer,
    private readonly path: string,
  ) {}

  /** In front of the server at this URL, under the same path as that. */
  static async start(name: string, target: string): Promise<Proxy> {
    const kind = KINDS[name]!;
    const { host, pathname } = new URL(target);
    const path = pathname.replace(/\/$/, '');
    const folder = await mkdtemp(join(tmpdir(), `aldis-${name}-`));
    // Some give up being root, and then read files in it.
    await chmod(folder, 0o755);
    const [http, https, admin] = await freePorts(3);
    const ports = { aldis: host, http: http!, https: https!, admin: admin! };
    const ca = await selfSigned(folder);
    const example = await readFile(join(deploy, kind.example), 'utf8');
    let text = example;
    for (const [old, changed] of [...(path ? kind.under : []), ...kind.changes(folder, ports)]) {
      const before = text;
      text = text.replaceAll(old instanceof RegExp ? new RegExp(old, 'g') : old, changed);
      if (text === before) throw new Error(`deploy/${kind.example} has no ${old}`);
    }
    await writeFile(join(folder, kind.example), text);
    const around = kind.around?.(folder, ports, example);
    const config = join(folder, around ? 'main.conf' : kind.example);
    if (around) await writeFile(config, around);
    const [command, ...args] = kind.command(config, folder);
    // Caddy keeps state at home.
    const env = { PATH: `${process.env['PATH']}:/usr/sbin`, HOME: folder };
    const child = spawn(command!, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const proxy = new Proxy(kind, child, folder, config, ports, ca, path);
    await proxy.ready();
    return proxy;
  }

  /** Waits until it answers, or throws what it said. */
  private async ready(): Promise<void> {
    const said: string[] = [];
    this.process.stdout!.on('data', (text) => said.push(`${text}`));
    this.process.stderr!.on('data', (text) => said.push(`${text}`));
    const failed = new Promise<never>((_, reject) => {
      this.process.on('error', reject);
      this.process.on('exit', (code) => {
        const log = readFile(join(this.folder, 'error.log'), 'utf8').catch(() => '');
        void log.then((log) => reject(new Error(`it ended with ${code}:\n${said.join('')}${log}`)));
      });
    });
    failed.catch(() => undefined);
    const answers = (): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect(this.ports.https, '127.0.0.1', () => resolve(void socket.destroy()));
        socket.on('error', () => resolve(setTimeout(20).then(answers)));
      });
    await Promise.race([answers(), failed]);
  }

  get url(): string {
    return `${this.origin}${this.path}`;
  }

  get origin(): string {
    return `https://${NAME}:${this.ports.https}`;
  }

  /** Leads connections to it, from an address of this machine. */
  agent(from?: string): Agent {
    const lookup: AgentOptions['lookup'] = (_name, options, found) =>
      options.all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4);
    return new Agent({ ca: this.ca, lookup, ...(from ? { localAddress: from } : {}) });
  }

  /** A request; a body may come in parts, of which the next is sent when it is asked for. */
  async ask(
    method: string,
    path: string,
    { token, body, headers, from }: { token?: string; body?: unknown; headers?: object; from?: string } = {},
  ): Promise<Answer> {
    const parts = isParts(body) ? body : body === undefined ? [] : [JSON.stringify(body)];
    const agent = this.agent(from);
    const outgoing = request(this.url + path, {
      method,
      agent,
      headers: {
        'content-type': 'application/json',
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
    });
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    answered.catch(() => undefined);
    for await (const part of parts) outgoing.write(part);
    outgoing.end();
    const [answer] = await answered;
    const bytes = Buffer.concat(await answer.toArray());
    agent.destroy();
    return { status: answer.statusCode!, headers: answer.headers, body: bytes };
  }

  /** Makes it read its configuration anew, and waits until that serves. */
  async reload(): Promise<void> {
    const before = await this.children();
    await this.kind.reload(this.process, this.config, this.ports);
    // Those that are one process answer the command that tells them; the others begin new ones.
    while (before.length && (await this.children()).every((pid) => before.includes(pid)))
      await setTimeout(20);
  }

  private async children(): Promise<string[]> {
    const { pid } = this.process;
    return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean);
  }

  async end(): Promise<void> {
    if (this.process.exitCode === null) {
      const ended = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

const isParts = (body: unknown): body is AsyncIterable<Buffer> =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body;

/** Ports that nobody listens on: these proxies must be told one. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

/** Makes a certificate for the name, that of its own authority. */
async function selfSigned(folder: string): Promise<Buffer> {
  await mkdir(folder, { recursive: true });
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const name = ['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`];
  await run('openssl', ['req', '-x509', ...kind, ...name, '-keyout', key, '-out', certificate]);
  const bytes = await readFile(certificate);
  await writeFile(join(folder, 'both.pem'), Buffer.concat([bytes, await readFile(key)]));
  return bytes;
}
