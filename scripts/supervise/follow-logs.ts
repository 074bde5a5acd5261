import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import picocolors from 'picocolors';
import pinoPretty from 'pino-pretty';

const pollMs = 200;
const colours = [picocolors.cyan, picocolors.magenta, picocolors.green, picocolors.yellow];

/** Prints what is added to each log file from now on, line by line, each under its part's name and colour. Returns the function that ends it. */
export function followLogs(files: Record<string, string>, write: (line: string) => void): () => void {
  const width = Math.max(...Object.keys(files).map((name) => name.length));
  const pretty = pinoPretty.prettyFactory({ colorize: picocolors.isColorSupported, ignore: 'pid,hostname', singleLine: true, translateTime: 'SYS:HH:MM:ss' });
  const tails = Object.entries(files).map(([name, file], index) => {
    const prefix = (colours[index % colours.length] ?? String)(`${name.padEnd(width)} │ `);
    return tail(file, (line) => write(prefix + (line.startsWith('{"level"') ? pretty(line).trimEnd() : line)));
  });
  const timer = setInterval(() => tails.forEach((read) => read()), pollMs);
  return () => {
    clearInterval(timer);
    tails.forEach((read) => read());
  };
}

/** A function that reports the lines added since its last call. Polling: file-system events are lost on some mounts, and these files are few. */
function tail(file: string, onLine: (line: string) => void): () => void {
  let position = existsSync(file) ? statSync(file).size : 0;
  let rest = '';
  const decoder = new StringDecoder('utf8');
  return () => {
    if (!existsSync(file)) return;
    const size = statSync(file).size;
    if (size < position) position = 0; // emptied meanwhile
    if (size === position) return;
    const added = Buffer.alloc(size - position);
    const descriptor = openSync(file, 'r');
    position += readSync(descriptor, added, 0, added.length, position);
    closeSync(descriptor);
    const lines = (rest + decoder.write(added)).split('\n');
    rest = lines.pop() ?? '';
    lines.filter((line) => line !== '').forEach(onLine);
  };
}
