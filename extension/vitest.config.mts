import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const double = fileURLToPath(new URL('test/raycast-api/index.ts', import.meta.url));

export default defineConfig({
  resolve: { alias: { '@raycast/api': double } },
  oxc: { jsx: { runtime: 'automatic' } },
  test: {
    include: ['src/**/*.test.{ts,tsx}', 'test/**/*.test.{ts,tsx}'],
    exclude: ['test/contract/**', 'node_modules/**'],
    setupFiles: ['test/harness/set-up.ts'],
    // It imports @raycast/api too, which only the alias resolves.
    server: { deps: { inline: ['@raycast/utils'] } },
    pool: 'forks',
    // Some tests measure memory, and the machine may be small.
    maxWorkers: 2,
    execArgv: ['--expose-gc', '--no-warnings'],
    testTimeout: 20_000,
  },
});
