/** `holdpoint`: starts runbooks, shows them, answers their gates. */
import { enableCompileCache } from 'node:module';

// Compiling and type stripping are half of what a call takes; Node keeps the results in its temporary directory. Hence the import after it.
enableCompileCache();
const { run } = await import('./run.ts');
await run();
