/**
 * The floor under `mqtt`: aedes as it is, which lets everybody in and stores nothing. Run as a process of its own; says over IPC where
 * it listens, and ends when its parent does.
 */
import { type AddressInfo, createServer } from 'node:net';
import { Aedes } from 'aedes';

const broker = await Aedes.createBroker();
const server = createServer({ noDelay: true }, (socket) => void broker.handle(socket));
server.listen(0, '127.0.0.1', () => {
  process.send?.({ type: 'ready', port: (server.address() as AddressInfo).port });
});
process.on('disconnect', () => process.exit(0));
