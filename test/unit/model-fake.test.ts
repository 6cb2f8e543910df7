/** The fake model keeps the contract that the pipeline relies on, so that pipeline tests mean something. */

import { describeLocalizationModel } from '../contract/localization-model.ts';
import { FakeModel } from '../support/fake-model.ts';

describeLocalizationModel('FakeModel', {
  create: () => new FakeModel({ parallelism: 2 }),
  createSlow: () => {
    const model = new FakeModel({ parallelism: 2 });
    model.hold();
    return model;
  },
  createFailingOnce: () => {
    const model = new FakeModel();
    model.failNext();
    return model;
  },
});
