/** The rooms' import rules (docs/architecture.md, "Rooms"), enforced by `npm run check`. */
const rule = (name, from, notTo, comment) => ({ name, severity: 'error', comment, from, to: notTo });

export default {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: { path: '^src' },
      to: { circular: true, viaOnly: { path: '^src' } },
    },
    rule(
      'protocol-is-a-leaf',
      { path: '^src/protocol' },
      { pathNot: '^src/protocol' },
      'browser-safe, imports nothing',
    ),
    rule(
      'kernels-are-pure',
      { path: '^src/pipeline/(align|prep|heatmap)/', pathNot: '\\.test\\.ts$' },
      { pathNot: '^src/(protocol/|pipeline/((align|prep|heatmap)/|[^/]+\\.ts$))' },
      'arrays in, arrays out: no RxJS, no node:, no clock',
    ),
    rule(
      'operators-know-rxjs-only',
      { path: '^src/pipeline/operators/', pathNot: '\\.test\\.ts$' },
      { path: '^src', pathNot: '^src/pipeline/(operators/|[^/]+\\.ts$)' },
    ),
    rule(
      'ingest-rooms-do-not-know-each-other',
      { path: '^src/pipeline/ingest/(whip|url|demo)/' },
      { path: '^src', pathNot: '^src/(protocol/|pipeline/(ingest/($1|process|media)/|[^/]+\\.ts$))' },
    ),
    rule(
      'model-knows-prep-only',
      { path: '^src/model/', pathNot: '\\.test\\.ts$' },
      { path: '^src', pathNot: '^src/(model/|protocol/|pipeline/(prep/|[^/]+\\.ts$))' },
    ),
    rule(
      'training-knows-kernels-and-cast',
      { path: '^src/training/', pathNot: '\\.test\\.ts$' },
      {
        path: '^src',
        pathNot: '^src/(training/|model/|pipeline/((align|prep|heatmap|ingest/(demo|media))/|[^/]+\\.ts$))',
      },
      'a checkout without training still serves; training needs no server',
    ),
    rule(
      'only-commands-know-training',
      { path: '^src/server/', pathNot: '^src/server/commands/' },
      { path: '^src/training/' },
    ),
    rule('server-does-not-know-the-page', { path: '^src/server/' }, { path: '^src/client/' }),
    rule(
      'client-knows-protocol-only',
      { path: '^src/client/', pathNot: '\\.test\\.ts$' },
      { path: '^src', pathNot: '^src/(client|protocol)/' },
    ),
    rule('no-outward-edges', { path: '^src/pipeline' }, { path: '^src/(server|client|model|training)' }),
    rule(
      'tests-stay-out',
      { path: '^src', pathNot: '\\.test\\.ts$' },
      { path: '^(test|bench)/|\\.test\\.ts$' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js', '.mjs'] },
  },
};
