import { defineConfig } from '@playwright/test';

// Chromium as root on a machine without a network: no sandbox, no background traffic.
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A microphone that beeps, and that every page may use.
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
];

const launch = (...more: string[]) => ({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: [...args, ...more],
});

export default defineConfig({
  testDir: 'tests',
  forbidOnly: Boolean(process.env['CI']),
  reporter: process.env['CI'] ? 'line' : 'list',
  workers: 2,
  // Long stories take half of it on a slow machine.
  timeout: 120_000,
  use: {
    launchOptions: launch(),
    trace: 'retain-on-failure',
    // It would fetch past the routes that tests lay; the tests about it allow it.
    serviceWorkers: 'block',
  },
  projects: [
    // The Socket.IO layer alone: crates/socketio/examples/conformance_server.rs.
    { name: 'socketio', testDir: 'tests/socketio' },
    // The binary, spoken to as programs do.
    { name: 'server', testDir: 'tests/server' },
    // The binary behind the proxies that deploy/ has examples for, whose name the browser finds here. Service
    // workers need a certificate that the browser takes.
    {
      name: 'proxies',
      testDir: 'tests/proxies',
      use: {
        launchOptions: launch(
          '--host-resolver-rules=MAP chat.example.org 127.0.0.1',
          '--ignore-certificate-errors',
        ),
      },
    },
    // The binary, spoken to by client libraries of several languages; with CLIENTS=all by all that `make
    // clients` builds.
    { name: 'clients', testDir: 'tests/clients', fullyParallel: true },
    // The binary, in the browser.
    // In CI a test that passes the second time is told of as flaky, and is to be mended.
    { name: 'web', testDir: 'tests/web', testIgnore: /performance/, retries: process.env['CI'] ? 1 : 0 },
    // The binary, in browsers that Playwright does not drive.
    { name: 'engines', testDir: 'tests/engines', workers: 1, retries: process.env['CI'] ? 1 : 0 },
    // How fast, which only a machine without other work can tell: after everything else, one file after the
    // other.
    {
      name: 'performance',
      testDir: 'tests/web',
      testMatch: /performance/,
      workers: 1,
      dependencies: ['socketio', 'server', 'proxies', 'clients', 'web', 'engines'],
    },
    // No test: the pictures in docs/screenshots, when they are asked for.
    ...(process.env['PICTURES'] ? [{ name: 'pictures', testDir: 'screenshots' }] : []),
  ],
});
