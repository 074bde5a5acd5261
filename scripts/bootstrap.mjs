// The first step of every npm script: installs and builds what the command needs, then runs it under the Node that the project brings.
//   node scripts/bootstrap.mjs [installed | run | test] [-- command argument ...]
// This file keeps to what very old Nodes can parse, so that they reach the message below; the rest is imported afterwards.
import { nodeVersionProblem } from './bootstrap/node-version.mjs';

var problem = nodeVersionProblem(process.version);
if (problem) {
  console.error(problem);
  process.exitCode = 1;
} else {
  import('./bootstrap/main.mjs').then(function (main) {
    return main.bootstrap(process.argv.slice(2));
  }).then(function (exitCode) {
    process.exit(exitCode);
  });
}
