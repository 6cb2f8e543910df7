import { expect, it } from 'vitest';
import { carriedWeights } from './carry-weights.ts';

const initial = new Map([
  ['visual/stem/kernel', Float32Array.of(9, 9)],
  ['visual/wider/kernel', Float32Array.of(9, 9, 9)],
  // Two features of the classes dog, cat, cow.
  ['head/visual/kernel', Float32Array.of(9, 9, 9, 9, 9, 9)],
  ['head/audio/kernel', Float32Array.of(9, 9, 9, 9, 9, 9)],
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
  expect([...weights.get('head/audio/kernel')!]).toEqual([9, 9, 9, 9, 9, 9]);
  expect([...initial.get('head/visual/kernel')!]).toEqual([9, 9, 9, 9, 9, 9]);
});

it('lets classes that are new say nothing at first, and begins all anew where nothing came before', () => {
  const before = { classes: ['car'], weights: new Map([['head/visual/kernel', Float32Array.of(1, 2)]]) };
  const { weights, fresh } = carriedWeights(initial, ['dog', 'cat', 'cow'], before);
  expect([...weights.get('head/visual/kernel')!]).toEqual([0, 0, 0, 0, 0, 0]);
  expect(fresh).toEqual([...initial.keys()].filter((name) => name !== 'head/visual/kernel'));
  const anew = carriedWeights(initial, ['dog', 'cat', 'cow'], null);
  expect(anew.weights).toEqual(initial);
  expect(anew.fresh).toEqual([...initial.keys()]);
});
