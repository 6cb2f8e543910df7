/** What FFmpeg is told when it opens a source. */

import type { OpenableSource, ReadingOptions } from './url-messages.ts';

/** Protocols that each kind may use, nested ones too: a playlist from the net must not reach local files. */
const protocols = {
  rtsp: 'rtsp,rtsps,rtp,srtp,tcp,udp,tls,crypto',
  network: 'http,https,httpproxy,tls,tcp,udp,rtmp,rtmps,rtmpt,srt,crypto,data',
  file: 'file,crypto,data',
  device: 'file',
} as const;

/**
 * Containers that a file may have. Playlists and lists of files are none of them: they could name other files than
 * the one that was allowed.
 */
const fileContainers =
  'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,mpegvideo,avi,flv,asf,ogg,wav,w64,aiff,caf,mp3,aac,flac,' +
  'h264,hevc,m4v,mjpeg,yuv4mpegpipe,mxf,nut,ivf,dv,gif,amr';

/** Demuxer options by name, as for `avformat_open_input`. */
export function demuxerOptions(source: OpenableSource, options: ReadingOptions): Record<string, string> {
  const common = { protocol_whitelist: protocols[source.kind] };
  switch (source.kind) {
    case 'rtsp':
      return {
        ...common,
        rtsp_transport: options.transport,
        // The SDP names the codecs: probing would only cost a second (1.05 s to 0.18 s).
        probesize: '32',
        analyzeduration: '0',
        fflags: 'nobuffer',
      };
    case 'network':
      return {
        ...common,
        analyzeduration: '2000000',
        // What was read while probing is thrown away with it: fresh pictures of a live stream, the start of a recording.
        ...(/^https?$/.test(source.scheme) ? {} : { fflags: 'nobuffer' }),
      };
    case 'file':
      return { ...common, format_whitelist: fileContainers };
    case 'device':
      return { ...common, fflags: 'nobuffer' };
  }
}
