/**
 * The three kinds of tests and what each may take. `unit` touches no port and no clock (contract suites included), `simulation`
 * runs whole systems on a fake clock, `end-to-end` has real processes, ports, files and a browser. Nothing is ever retried.
 */
import { defineConfig } from 'vitest/config';

const endToEnd = ['hub/test/end-to-end/**/*.test.ts', 'web/test/**/*.browser.test.ts'];
const simulation = 'hub/test/simulation/**/*.test.ts';

export default defineConfig({
  test: {
    // Forks, not threads: native modules and process.chdir behave as in production.
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{protocol,hub,device-sim,web,scripts}/**/*.test.{ts,tsx}'],
          exclude: ['**/node_modules/**', '**/dist/**', ...endToEnd, simulation],
          testTimeout: 10_000,
        },
      },
      { extends: true, test: { name: 'simulation', include: [simulation], testTimeout: 60_000 } },
      {
        extends: true,
        test: {
          name: 'end-to-end',
          include: endToEnd,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // What is polled for comes; on a busy machine not within vitest's usual second.
          expect: { poll: { timeout: 10_000 } },
          // One after the other: each starts processes of its own and measures times.
          fileParallelism: false,
        },
      },
    ],
  },
});
