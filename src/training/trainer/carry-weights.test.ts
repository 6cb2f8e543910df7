import { expect, it } from 'vitest';
import { carriedWeights } from './carry-weights.ts';

const initial = new Map([
  ['visual/stem/kernel', Float32Array.of(0, 0)],
  ['visual/wider/kernel', Float32Array.of(0, 0, 0)],
  // Two features of the classes dog, cat, cow.
  ['head/visual/kernel', Float32Array.of(0, 0, 0, 0, 0, 0)],
  ['head/audio/kernel', Float32Array.of(0, 0, 0, 0, 0, 0)],
]);

it('takes weights over by name where they fit, and heads class by class', () => {
  const before = {
    classes: ['cow', 'dog'],
    weights: new Map([
      ['visual/stem/kernel', Float32Array.of(1, 2)],
      ['visual/wider/kernel', Float32Array.of(1, 2)],
      ['head/visual/kernel', Float32Array.of(1, 2, 3, 4)],
      // Of three features: another network's.
      ['head/audio/kernel', Float32Array.of(1, 2, 3, 4, 5, 6)],
    ]),
  };
  const { weights, fresh } = carriedWeights(initial, ['dog', 'cat', 'cow'], before);
  expect([...weights.get('visual/stem/kernel')!]).toEqual([1, 2]);
  expect([...weights.get('head/visual/kernel')!]).toEqual([2, 0, 1, 4, 0, 3]);
  expect(fresh).toEqual(['visual/wider/kernel', 'head/audio/kernel']);
  expect([...initial.get('head/visual/kernel')!]).toEqual([0, 0, 0, 0, 0, 0]);
});

it('begins heads anew where no class is the same, and everything where nothing came before', () => {
  const before = { classes: ['car'], weights: new Map([['head/visual/kernel', Float32Array.of(1, 2)]]) };
  const { fresh } = carriedWeights(initial, ['dog', 'cat', 'cow'], before);
  expect(fresh).toEqual([...initial.keys()]);
  expect(carriedWeights(initial, ['dog', 'cat', 'cow'], null).fresh).toEqual([...initial.keys()]);
});
