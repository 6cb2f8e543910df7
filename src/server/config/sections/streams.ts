/** The streams that are there from the start: the configuration's section `streams`. */

import { z } from 'zod';
import { streamSpecSchema } from '../stream-spec.ts';
import { refuseRepeats } from './refuse-repeats.ts';

export const streamsSchema = z.array(streamSpecSchema).superRefine((specs, context) => {
  refuseRepeats(
    context,
    specs.map(({ id }) => id),
    (index) => [index, 'id'],
    (id) => `"${id}" is already the id of another stream. Give each stream its own`,
  );
});
