import { subscribe } from '../src/client/subscriber.ts';

const subscription = subscribe(process.argv[2] ?? 'ws://127.0.0.1:8080/api/v1/heatmaps', {
  streams: ['*'],
  maxRateHz: 2,
  onHeatmap({ stream, classes }, hello) {
    for (const { index, heard, peak } of classes) {
      if (peak === null) continue;
      const name = hello.model.classes[index]?.name;
      console.log(`${stream}: ${name} ${heard.toFixed(2)} at ${peak.x.toFixed(2)}, ${peak.y.toFixed(2)}`);
    }
  },
});
process.once('SIGINT', () => subscription.close());
