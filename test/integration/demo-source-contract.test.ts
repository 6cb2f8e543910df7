import { DemoSource } from '../../src/pipeline/ingest/demo/demo-source.ts';
import { mediaSourceContract } from '../contract/media-source.ts';

mediaSourceContract('DemoSource', () => Promise.resolve({ source: new DemoSource({ id: 'demo' }) }));
