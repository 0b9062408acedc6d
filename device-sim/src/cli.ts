#!/usr/bin/env node
/**
 * The command `device-sim`: checks the runtime, then loads the program. Nothing else, so that an older Node reaches the check.
 *
 * (Node below 22.18 cannot load a .ts file at all and says ERR_UNKNOWN_FILE_EXTENSION: start it with npx.)
 */
const nodeMajorMin = 24;

if (Number(process.versions.node.split('.')[0]) < nodeMajorMin) {
  process.stderr.write(
    `device-sim needs Node ${nodeMajorMin} or newer; this is ${process.version}.\n` +
      'Start it as "npx device-sim …" inside the project: that finds the Node 26 which "npm ci" installed there.\n',
  );
  process.exitCode = 1;
} else {
  const { runCli } = await import('./run-cli.ts');
  await runCli(process.argv.slice(2));
}
