"""A camera for tests: gst-rtsp-server playing a flash and a beep, exactly together, once a second.

Arguments: one JSON object (see rtsp-server.ts). Prints `port N` when it listens. Reads commands from its standard
input, a line each: `pause audio`, `resume audio`, `pause video`, `resume video`, `size 160 120`.
"""

import json
import math
import random
import struct
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

VIDEO = {
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast sliced-threads=false threads=1 bitrate=800 key-int-max={gop} bframes=0 ! "
    "video/x-h264,profile=baseline ! rtph264pay name=pay{n} pt=96 config-interval=-1",
    "h265": "x265enc tune=zerolatency speed-preset=ultrafast bitrate=800 key-int-max={gop} option-string=pools=1:log-level=none ! "
    "rtph265pay name=pay{n} pt=96 config-interval=-1",
    "mjpeg": "jpegenc ! rtpjpegpay name=pay{n} pt=26",
}
AUDIO = {
    "pcma": "alawenc ! rtppcmapay name=pay{n} pt=8",
    "aac": "avenc_aac bitrate=64000 ! aacparse ! rtpmp4gpay name=pay{n} pt=97",
    "opus": "opusenc frame-size=20 ! rtpopuspay name=pay{n} pt=97",
}
AUDIO_RATES = {"pcma": 8000, "aac": 48000, "opus": 48000}
BEEP_SECONDS = 0.1
BEEP_HZ = 1000
# Further behind than this, a track goes on at the present: no camera makes up for the time it was frozen.
MOST_BEHIND = Gst.SECOND // 2


class Track:
    """Makes buffer after buffer of one track, and holds still while paused."""

    def __init__(self, caps, duration_ns, make):
        self.duration_ns = duration_ns
        # Together, so that a change of both is seen as one.
        self.format = caps, make
        self.running = threading.Event()
        self.running.set()

    def attach(self, source):
        position, current = [0], [self.format[0]]
        source.set_property("caps", Gst.Caps.from_string(current[0]))

        def need_data(src, _length):
            self.running.wait()
            # Before the pipeline plays its time means nothing.
            now = src.get_current_running_time() if src.get_base_time() > 0 else 0
            if now - self.duration_ns(position[0]) > MOST_BEHIND:
                position[0] = math.ceil(now / self.duration_ns(1))
            index = position[0]
            position[0] += 1
            caps, make = self.format
            if caps != current[0]:
                current[0] = caps
                src.set_property("caps", Gst.Caps.from_string(caps))
            buffer = Gst.Buffer.new_wrapped(make(index))
            buffer.pts = self.duration_ns(index)
            buffer.duration = self.duration_ns(index + 1) - buffer.pts
            src.emit("push-buffer", buffer)

        source.connect("need-data", need_data)

    def become(self, other):
        """Goes on in another format, on the same clock."""
        self.format = other.format


def video_track(width, height, rate, noisy):
    pixels = width * height
    grey = bytes([128]) * (pixels // 2)
    # A few pictures of noise, dark on average, that take several RTP packets each.
    noise = random.Random(1)
    tones = bytes(16 + value % 48 for value in range(256))
    darks = [noise.randbytes(pixels).translate(tones) + grey for _ in range(5)] if noisy else [bytes([16]) * pixels + grey]
    flash = bytes([235]) * pixels + bytes([128]) * (pixels // 2)
    caps = f"video/x-raw,format=I420,width={width},height={height},framerate={rate}/1,colorimetry=bt601"
    # White from each whole second on, for as long as the beep.
    lit = max(1, round(rate * BEEP_SECONDS))
    return Track(caps, lambda k: k * Gst.SECOND // rate, lambda k: flash if k % rate < lit else darks[k % len(darks)])


def audio_track(rate):
    block = rate // 50

    def sample(index):
        within = index % rate
        return round(24000 * math.cos(2 * math.pi * BEEP_HZ * within / rate)) if within < rate * BEEP_SECONDS else 0

    second = struct.pack(f"<{rate}h", *(sample(i) for i in range(rate)))

    def make(index):
        start = (index % 50) * block * 2
        return second[start : start + block * 2]

    caps = f"audio/x-raw,format=S16LE,rate={rate},channels=1,layout=interleaved"
    return Track(caps, lambda k: k * Gst.SECOND // 50, make)


def lose_every(nth, pad):
    """Lets every nth RTP packet (or list of them) vanish behind the payloader, as a network would."""
    count = [0]

    def probe(_pad, _info):
        count[0] += 1
        return Gst.PadProbeReturn.DROP if count[0] % nth == 0 else Gst.PadProbeReturn.OK

    pad.add_probe(Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST, probe)


def wrap_after(seconds, rate, payloader):
    """Lets the RTP timestamps, 32 bits of ticks, begin so late that they wrap around after so many seconds."""
    payloader.set_property("timestamp-offset", 2**32 - round(seconds * rate))


def report_every(seconds, media):
    for index in range(media.n_streams()):
        session = media.get_stream(index).get_rtpsession()
        session.set_property("rtcp-min-interval", round(seconds * Gst.SECOND))


def main():
    options = json.loads(sys.argv[1])
    Gst.init(None)
    tracks, launch = {}, []
    source = "appsrc name={0} is-live=true format=time max-bytes=1 ! identity sync=true ! queue max-size-time=1000000000"
    if options["video"]:
        tracks["video"] = video_track(options["width"], options["height"], options["frameRate"], options["noisy"])
        chain = VIDEO[options["video"]].format(n=len(launch), gop=options["frameRate"] // 2)
        launch.append(f"{source.format('video')} ! {chain}")
    if options["audio"]:
        rate = AUDIO_RATES[options["audio"]]
        tracks["audio"] = audio_track(rate)
        chain = AUDIO[options["audio"]].format(n=len(launch))
        launch.append(f"{source.format('audio')} ! audioconvert ! {chain}")

    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(options["port"]))
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch("( " + " ".join(launch) + " )")
    factory.set_shared(True)

    def configure(_factory, media):
        if options["reportEveryS"]:
            media.connect("prepared", lambda it: report_every(options["reportEveryS"], it))
        for name, track in tracks.items():
            track.attach(media.get_element().get_by_name(name))
        if options["wrapAfterS"]:
            for index, name in enumerate(tracks):
                rate = 90000 if name == "video" else AUDIO_RATES[options["audio"]]
                wrap_after(options["wrapAfterS"], rate, media.get_element().get_by_name(f"pay{index}"))
        if options["loseEvery"]:
            lose_every(options["loseEvery"], media.get_element().get_by_name("pay0").get_static_pad("src"))

    factory.connect("media-configure", configure)
    if options["user"]:
        auth = GstRtspServer.RTSPAuth()
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(options["user"], options["password"]), token)
        server.set_auth(auth)
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory(options["mount"], factory)
    if server.attach(None) == 0:
        sys.exit(f"cannot listen on port {options['port']}")

    loop = GLib.MainLoop()

    def commands():
        for line in sys.stdin:
            verb, *words = line.split()
            if verb == "size":
                width, height = map(int, words)
                tracks["video"].become(video_track(width, height, options["frameRate"], options["noisy"]))
            elif verb == "pause":
                tracks[words[0]].running.clear()
            else:
                tracks[words[0]].running.set()
        loop.quit()

    threading.Thread(target=commands, daemon=True).start()
    print(f"port {server.get_bound_port()}", flush=True)
    loop.run()


main()
