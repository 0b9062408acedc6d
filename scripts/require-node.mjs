/**
 * Loaded before each npm script: says which Node is needed instead of letting an older one fail on the first .ts file. Plain
 * JavaScript, because that older Node must be able to read it. `npm ci` brings the right Node; this is for when it could not.
 */
const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(
    `Lapwing needs Node 24 or newer, and this is ${process.version}.\n` +
      'npm ci installs Node 26 into node_modules for Linux (glibc), macOS and Windows, and npm scripts find it there;\n' +
      'run it without --omit=optional, or install a newer Node yourself.',
  );
  process.exit(1);
}
