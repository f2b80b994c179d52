import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: '.',
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup/build.ts', 'test/setup/home.ts'],
    setupFiles: ['test/setup/fast-check.ts'],
    exclude: ['test/interop/**', 'test/bench/**', 'test/browser/**', 'test/pty/**', 'test/pack/**'],
    testTimeout: 60_000,
    pool: 'forks',
  },
});
