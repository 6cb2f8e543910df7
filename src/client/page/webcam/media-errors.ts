/** Why a camera or microphone could not be opened, in words a person can act on. Pure. */

export interface Trouble {
  title: string;
  /** What to do about it. */
  advice: string;
}

/** Browsers lend cameras only to pages from `https:` or this very machine. */
export function insecureContextTrouble(location: { hostname: string; port: string }): Trouble {
  const port = location.port === '' ? '' : `:${location.port}`;
  return {
    title: 'The browser lends the camera to secure pages only',
    advice:
      `Open this page as http://localhost${port} on the machine that runs Earsight, ` +
      `or start it with --tls self-signed, or behind HTTPS, to use it from ${location.hostname}.`,
  };
}

/** @param name `DOMException.name` of a failed getUserMedia (Media Capture and Streams, section 10.2.1). */
export function mediaTrouble(name: string): Trouble {
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return {
        title: 'Camera and microphone are not allowed',
        advice:
          'Allow both for this page beside the address bar (and in the system settings), then try again.',
      };
    case 'NotFoundError':
    case 'OverconstrainedError':
      return {
        title: 'No camera or no microphone found',
        advice: 'Earsight needs one of each. Plug them in, then try again.',
      };
    case 'NotReadableError':
    case 'AbortError':
      return {
        title: 'The camera or microphone is busy',
        advice: 'Close the other program that uses it, then try again.',
      };
    default:
      return { title: 'The camera could not be opened', advice: `The browser says: ${name}.` };
  }
}
