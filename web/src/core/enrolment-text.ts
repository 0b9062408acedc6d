/**
 * What the add-a-device page tells people to run, worked out from the hub's address and a key.
 *
 * Owns no state. Invariant: nothing is offered that this hub cannot take today, and every command is complete as it stands.
 */

export type DeviceKind =
  | 'raspberry-pi'
  | 'linux'
  | 'mqtt'
  | 'curl'
  | 'firmware-c'
  | 'firmware-python'
  | 'simulated'
  | 'csv';

export interface KindText {
  readonly kind: DeviceKind;
  readonly label: string;
  readonly about: string;
}

export const deviceKinds: readonly KindText[] = [
  { kind: 'raspberry-pi', label: 'Raspberry Pi', about: 'CPU, memory, disk, network, temperature, throttling' },
  { kind: 'linux', label: 'Linux machine', about: 'CPU, memory, disk, network, load, temperature' },
  { kind: 'mqtt', label: 'MQTT device', about: 'Tasmota, ESPHome, Shelly, Zigbee2MQTT, Sparkplug B' },
  { kind: 'curl', label: 'curl', about: 'One line from any script' },
  { kind: 'firmware-c', label: 'ESP32 or other C', about: 'A WebSocket and frames of a few dozen bytes' },
  { kind: 'firmware-python', label: 'Python', about: 'One reading a second, in forty lines' },
  { kind: 'simulated', label: 'Simulated boards', about: 'Computers, climate, power, doors; no hardware' },
  { kind: 'csv', label: 'A CSV file', about: 'Its own times, each reading stored once' },
];

export interface CommandParts {
  /** Such as `http://hub:7180`, without a slash at the end. */
  readonly origin: string;
  readonly key: string;
  readonly boards: number;
}

/** `--key=` and not `--key `, so that no key is ever read as an option. */
export function writeCommand(kind: DeviceKind, { origin, key, boards }: CommandParts): string {
  switch (kind) {
    case 'raspberry-pi':
    case 'linux':
      return `npx device-sim host --hub ${origin} --key=${key}`;
    case 'simulated':
      return `npx device-sim fleet --boards ${boards} --hub ${origin} --key=${key}`;
    case 'curl':
      return `curl -d 'temp=21.5 hum=40' '${origin}/in/${key}?device=my-device-1'`;
    case 'mqtt':
      return `Host      ${nameHost(origin)}\nPort      1883\nUser      my-device-1\nPassword  ${key}`;
    case 'csv':
      return `npx device-sim replay readings.csv --as backfill --hub ${origin} --key=${key}`;
    case 'firmware-c':
      return `curl -H 'Content-Type: application/json' -d '{"key":"${key}","deviceId":"my-device-1"}' ${origin}/api/v1/enroll`;
    case 'firmware-python':
      return writePython(origin, key);
  }
}

/** `http://hub:7180` → `hub`; an IPv6 address without its brackets, as devices want it. */
function nameHost(origin: string): string {
  return origin
    .replace(/^https?:\/\//, '')
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}

/** How many devices one key must let in. */
export function countUses(kind: DeviceKind, boards: number): number {
  return kind === 'simulated' ? boards : 1;
}

function writePython(origin: string, key: string): string {
  return `# pip install websockets
import asyncio, json, os, random, struct, time, urllib.request
import websockets

HUB, KEY, DEVICE = "${origin}", "${key}", "my-device-1"

def uv(n):                                # unsigned LEB128
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))

def sv(n): return uv(2 * n if n >= 0 else -2 * n - 1)
def text(s): return uv(len(s.encode())) + s.encode()
def now(): return sv(int(time.time() * 1000))

def token():                              # enrols once, then keeps the token in a file
    path = DEVICE + ".token"
    if not os.path.exists(path):
        ask = urllib.request.Request(HUB + "/api/v1/enroll", json.dumps({"key": KEY, "deviceId": DEVICE}).encode(),
                                     {"Content-Type": "application/json"})
        with urllib.request.urlopen(ask) as answer:
            with open(path, "w") as file: file.write(json.load(answer)["token"])
    with open(path) as file: return file.read()

async def answer_pings(link):
    async for frame in link:
        if frame[0] == 0x20: await link.send(b"\\x21" + frame[1:] + now())

async def main():
    async with websockets.connect("ws" + HUB[4:] + "/device/v1", subprotocols=["lapwing.v1"], compression=None) as link:
        metrics = uv(1) + b"\\0" + text("temperature") + text("°C")
        await link.send(b"\\x01\\x01" + text(DEVICE) + text(token()) + text("my model") + text("1.0")
                        + uv(random.getrandbits(52) | 1) + now() + metrics)          # Hello
        await link.recv()                                                           # Welcome
        pings = asyncio.create_task(answer_pings(link))
        seq = 0
        while not pings.done():
            seq += 1
            value = 20 + random.random()                                            # your sensor
            await link.send(b"\\x03\\0" + uv(seq) + uv(1) + now() + uv(1) + uv(0) + b"\\x01" + struct.pack("<f", value))
            await asyncio.sleep(1)

asyncio.run(main())
`;
}
