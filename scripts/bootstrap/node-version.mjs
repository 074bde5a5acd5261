// Parsed by very old Nodes: no syntax newer than ES modules here.

var OLDEST_MAJOR = 20;

/** What to tell whoever runs Node `version` ("v18.19.0"), or undefined if it is new enough to install the project. */
export function nodeVersionProblem(version) {
  var major = Number(/^v?(\d+)\./.exec(version)[1]);
  if (major >= OLDEST_MAJOR) return undefined;
  return (
    'Holdpoint needs Node ' + OLDEST_MAJOR + ' or newer to install itself; this is Node ' + version + ' (' + process.execPath + ').\n' +
    'Install a newer one (https://nodejs.org) and run the same command again. The Node that the project then runs on comes with its packages.'
  );
}
