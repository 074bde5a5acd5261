import { armError } from '../core/context.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}$/;
/** Versions may hold dots too, as in 1.2.0. */
const VERSION = /^[a-zA-Z0-9][a-zA-Z0-9\-_.]{0,254}$/;

/** Answers 400 unless the name is one that Azure ML accepts. The SDK has the pattern too and does not check it. */
export function checkName(name: string): void {
  check(name, NAME);
}

export function checkVersion(version: string): void {
  check(version, VERSION);
}

function check(name: string, pattern: RegExp): void {
  if (pattern.test(name)) return;
  throw armError(400, 'InvalidResourceName', `The name ${JSON.stringify(name)} does not match the pattern ${pattern.source}.`);
}
