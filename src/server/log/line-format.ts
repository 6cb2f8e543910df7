/** A pino record as one line for people: `12:03:09 front-door reconnecting: The camera refused the connection.` */

const LEVEL_ERROR = 50;
const LEVEL_WARN = 40;

/** Fields that pino adds, and those that the line itself shows. */
const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'stream', 'state', 'err']);

const COLOURS = { dim: '\u001B[2m', red: '\u001B[31m', yellow: '\u001B[33m', end: '\u001B[0m' } as const;

/**
 * @param record one line of pino's JSON
 * @param colour whether the terminal shows colours
 * @returns the line with its newline; what is no JSON is passed on
 */
export function formatLine(record: string, colour: boolean): string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(record) as Record<string, unknown>;
  } catch {
    return record;
  }
  const paint = (text: string, name: 'dim' | 'red' | 'yellow'): string =>
    colour ? `${COLOURS[name]}${text}${COLOURS.end}` : text;
  const level = Number(fields['level']);
  const time = new Date(Number(fields['time'])).toTimeString().slice(0, 8);
  const stream = typeof fields['stream'] === 'string' ? `${fields['stream']} ` : '';
  const message = typeof fields['msg'] === 'string' ? fields['msg'] : '';
  const extra = Object.entries(fields)
    .filter(([name]) => !HIDDEN.has(name))
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('');
  const text = `${stream}${message}`;
  const painted =
    level >= LEVEL_ERROR ? paint(text, 'red') : level >= LEVEL_WARN ? paint(text, 'yellow') : text;
  return `${paint(time, 'dim')} ${painted}${paint(extra, 'dim')}${stackOf(fields['err'])}\n`;
}

function stackOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { stack, message } = error as { stack?: unknown; message?: unknown };
  const text = typeof stack === 'string' ? stack : typeof message === 'string' ? message : '';
  return text === '' ? '' : `\n  ${text.replaceAll('\n', '\n  ')}`;
}
