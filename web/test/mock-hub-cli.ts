/**
 * `node web/test/mock-hub-cli.ts [devices] [port]`: the page against a made-up fleet at 1 Hz, for looking at it. Build it first.
 */
import { MockHub } from './mock-hub.ts';

const devices = Number(process.argv[2] ?? 24);
const hub = new MockHub({ devices, pastS: devices > 200 ? 0 : 1800, isSignedIn: true });
console.log(await hub.listen(Number(process.argv[3] ?? 0)));
const parts = 10;
let part = 0;
setInterval(() => {
  part = (part + 1) % parts;
  hub.feed.tick(
    hub.devices.filter((_, place) => place % parts === part),
    Date.now(),
  );
}, 1000 / parts);
