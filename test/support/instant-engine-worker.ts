/** An engine worker that computes nothing: it answers every batch at once with silence and darkness. */

import { serveSession } from '../../src/model/engine/threads/serve-session.ts';

await serveSession(({ folder }) => {
  const { classes, grid } = folder.manifest;
  return Promise.resolve({
    run: ({ size }) =>
      Promise.resolve({
        audioProbability: new Float32Array(size * classes.length),
        visualProbability: new Float32Array(size * classes.length),
        similarity: new Float32Array(size * classes.length * grid.rows * grid.cols),
      }),
    release: () => Promise.resolve(),
  });
});
