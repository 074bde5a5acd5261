const ending = ['SIGINT', 'SIGTERM', 'SIGHUP'];
let handle;

/**
 * Says what is to happen at a signal that ends a program, from now on. The listener itself stays the same from the first call:
 * a signal that comes while one listener is exchanged for another is lost.
 */
export function onSignal(handler) {
  if (!handle) for (const signal of ending) process.on(signal, () => handle(signal));
  handle = handler;
}
