/**
 * Property tests draw the same examples in every run, so that a change is judged by what it changes. New ones are
 * looked for with `EARSIGHT_PROPERTY_SEED=random`; a failure prints its seed, which can be given in the same way.
 */

import fc from 'fast-check';

const wanted = process.env['EARSIGHT_PROPERTY_SEED'] ?? '20200713';
if (wanted !== 'random') fc.configureGlobal({ seed: Number(wanted) });
