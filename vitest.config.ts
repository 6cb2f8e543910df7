import { defineConfig } from 'vitest/config';

/**
 * Two projects: `unit` needs nothing but Node; `integration` opens sockets, starts child processes,
 * Chromium and the RTSP server, one file at a time so that timings do not disturb each other.
 */
export default defineConfig({
  test: {
    // As the program itself does; see src/server/no-telemetry.ts.
    env: { ORT_DISABLE_TELEMETRY: '1' },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/unit/**/*.test.ts'],
          setupFiles: ['test/setup/property-seed.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          setupFiles: ['test/setup/property-seed.ts'],
          testTimeout: 90_000,
          hookTimeout: 90_000,
          fileParallelism: false,
          // They run against the clock on machines that others use too. A second failure is one of ours; a test that
          // needed its second try is marked `retry x1` in the report.
          retry: 1,
          pool: 'forks',
        },
      },
    ],
  },
});
