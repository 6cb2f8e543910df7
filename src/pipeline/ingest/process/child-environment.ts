/** What a media child may know of our environment: enough to find drivers and proxies and to take memory as we do, and no secrets. */

const allowed =
  /^(PATH|HOME|TMPDIR|TZ|LANG|LC_\w+|LD_LIBRARY_PATH|DISPLAY|XDG_RUNTIME_DIR|MALLOC_\w+|NODE_COMPILE_CACHE|SSL_CERT_(FILE|DIR)|(LIBVA|CUDA|NVIDIA|VDPAU|MFX|ONEVPL)_\w+)$/;

/** Each blocking FFmpeg call holds a thread of the pool: with Node's usual four, four stalled reads stop the rest. */
const threadPoolSize = '16';

/** A fresh, filtered environment. */
export function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(([name]) => allowed.test(name));
  return { ...Object.fromEntries(kept), UV_THREADPOOL_SIZE: threadPoolSize };
}
