/**
 * Before the tests: sees to it that the real peers they use are there (Chromium as webcam and viewer,
 * gst-rtsp-server as camera, ffmpeg as another client). Where this may install Debian packages it does;
 * where not, it says what will be skipped and why. Never fails the run.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

interface Tool {
  name: string;
  packages: string[];
  /** What the tests do with it. */
  use: string;
  present: () => boolean;
}

const runs = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore', timeout: 30_000 }).status === 0;

const tools: Tool[] = [
  {
    name: 'Chromium',
    packages: ['chromium'],
    use: 'webcam and viewer in a real browser',
    present: () => existsSync('/usr/bin/chromium'),
  },
  {
    name: 'gst-rtsp-server',
    packages: [
      'python3-gi',
      'gir1.2-gst-rtsp-server-1.0',
      'gstreamer1.0-plugins-base',
      'gstreamer1.0-plugins-good',
      'gstreamer1.0-plugins-bad',
      'gstreamer1.0-plugins-ugly',
      'gstreamer1.0-libav',
    ],
    use: 'RTSP camera',
    present: () =>
      runs(
        '/usr/bin/python3',
        '-c',
        "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst, GstRtspServer; Gst.init(None); assert all(Gst.ElementFactory.find(e) for e in ('x264enc', 'avenc_aac', 'rtph264pay', 'alawenc'))",
      ),
  },
  {
    name: 'ffmpeg',
    packages: ['ffmpeg'],
    use: 'independent client and encoder',
    present: () => runs('ffmpeg', '-version'),
  },
  {
    name: 'Prometheus',
    packages: ['prometheus'],
    use: 'scrapes a server, checks the alert rules',
    present: () => runs('promtool', '--version') && runs('prometheus', '--version'),
  },
  {
    name: 'coturn',
    packages: ['coturn'],
    use: 'TURN server between a webcam and us',
    present: () => existsSync('/usr/bin/turnserver'),
  },
];

const missing = tools.filter((tool) => !tool.present());
if (missing.length > 0) {
  const names = missing.flatMap((tool) => tool.packages);
  const mayInstall = process.platform === 'linux' && process.getuid?.() === 0 && runs('apt-get', '--version');
  if (mayInstall) {
    console.log(`Installing for the tests: ${names.join(' ')}`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const apt = (...args: string[]): boolean =>
      spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env, timeout: 900_000 }).status ===
      0;
    if (!apt('update', '-qq') || !apt('install', '-y', '-qq', '--no-install-recommends', ...names)) {
      console.log('apt-get did not succeed; the tests that need these packages will be skipped.');
    }
  } else {
    console.log(`Not installed and may not be installed here: ${names.join(' ')}`);
  }
  for (const tool of missing) {
    if (!tool.present()) {
      console.log(
        `SKIPPED for want of ${tool.name} (${tool.use}). Mend: apt-get install ${tool.packages.join(' ')}`,
      );
    }
  }
}
