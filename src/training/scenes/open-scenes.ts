/** Opens composed scenes, in the main thread or any other. */

import { EarsightError } from '../../pipeline/errors.ts';
import { SceneSource } from './scene-source.ts';
import type { SceneSpec } from './spec.ts';

/** @throws EarsightError `bad-config` when the spec is inconsistent, `bad-dataset` when a class has nothing to show */
export function openScenes(spec: SceneSpec): Promise<SceneSource> {
  const names = spec.classes.map(({ name }) => name);
  if (names.join('\n') !== spec.shape.classes.join('\n')) {
    throw new EarsightError(
      'bad-config',
      `The scenes' classes (${names.join(', ')}) are not the network's (${spec.shape.classes.join(', ')}): name the same, in the same order.`,
    );
  }
  return Promise.resolve(new SceneSource(spec));
}
