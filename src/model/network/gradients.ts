/**
 * Importing this file registers the gradients of tfjs-core's operations. The package ships them as modules whose
 * relative imports lack the file extension (they are meant for bundlers), so Node needs a hint while they load.
 * The union package `@tensorflow/tfjs` would register them too, but brings four back ends and a layers API along.
 */

import { registerHooks } from 'node:module';

const hooks = registerHooks({
  resolve(specifier, context, next) {
    const extensionless =
      specifier.startsWith('.') &&
      !specifier.endsWith('.js') &&
      context.parentURL?.includes('/@tensorflow/tfjs-core/dist/') === true;
    return next(extensionless ? `${specifier}.js` : specifier, context);
  },
});
try {
  await import('@tensorflow/tfjs-core/dist/register_all_gradients.js');
} finally {
  hooks.deregister();
}
