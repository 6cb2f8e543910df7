import { expect, it } from 'vitest';
import { childEnvironment } from './child-environment.ts';

it('lets drivers and locale through and keeps everything else back', () => {
  const environment = {
    PATH: '/bin',
    LIBVA_DRIVER_NAME: 'iHD',
    CUDA_VISIBLE_DEVICES: '0',
    MALLOC_ARENA_MAX: '2',
    NODE_OPTIONS: '--inspect',
    EARSIGHT_TOKEN: 'x',
    AWS_SECRET_ACCESS_KEY: 'y',
  };
  expect(childEnvironment(environment)).toEqual({
    PATH: '/bin',
    LIBVA_DRIVER_NAME: 'iHD',
    CUDA_VISIBLE_DEVICES: '0',
    MALLOC_ARENA_MAX: '2',
    UV_THREADPOOL_SIZE: '16',
  });
});
