import { randomInt } from 'node:crypto';
import { isPortFree } from '../../scripts/supervise/web.ts';

/**
 * A port of 127.0.0.1 that nothing listens on, and that the system gives to nobody meanwhile.
 *
 * A port that the system hands out (`listen(0)`) lies where it also takes the local ends of outgoing connections from: with many tests at work it
 * was taken again between the look and the use, once in a CI run. Below that range (32768 on Linux, 49152 on macOS) only who asks for a port gets it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    if (await isPortFree(port)) return port;
  }
}
