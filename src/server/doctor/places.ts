/** Folders that the server writes to or reads streams from. */

import { accessSync, constants, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../pipeline/errors.ts';
import { dataFolder } from '../config/data-folder.ts';
import type { Config } from '../config/schema.ts';
import type { Environment } from '../config/variables.ts';
import { type Finding, found } from './finding.ts';

export async function placeFindings(config: Config, environment: Environment): Promise<Finding[]> {
  return [
    await dataFinding(dataFolder(config, environment)),
    ...config.ingest.allowedFileRoots.map(rootFinding),
  ];
}

/** Tries to write, in the folder or, where it is to be made, in the nearest one there is; leaves nothing behind. */
async function dataFinding(folder: string | null): Promise<Finding> {
  if (folder === null) {
    return found('data', 'fact', 'nothing is kept: streams added by the API are gone after a restart');
  }
  let place = folder;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  try {
    await rm(await mkdtemp(join(place, '.earsight-')), { recursive: true });
    return found('data', 'good', folder);
  } catch (thrown) {
    return found(
      'data',
      'warning',
      `${folder} cannot be written: ${messageOf(thrown)}`,
      'Let this user write there, or name another folder with data.folder.',
    );
  }
}

function rootFinding(folder: string): Finding {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
    return found('files', 'good', folder);
  } catch (thrown) {
    return found(
      'files',
      'warning',
      messageOf(thrown),
      'Correct ingest.allowedFileRoots, or let this user read there.',
    );
  }
}
