import { connect, createServer } from 'node:net';

/** A network between two servers of this machine. It can become so slow that nothing arrives. */
export class SlowLink {
  #isSlow = false;
  #sockets = new Set();
  #server;

  /** Opens the link. Returns the port that leads to `targetPort`. */
  async open(targetPort) {
    this.#server = createServer((from) => {
      const to = connect(targetPort, '127.0.0.1');
      this.#carry(from, to);
      this.#carry(to, from);
    });
    await new Promise((resolve, reject) => {
      this.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return this.#server.address().port;
  }

  becomeSlow() {
    this.#isSlow = true;
  }

  close() {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #carry(from, to) {
    this.#sockets.add(from);
    from.on('data', (data) => {
      if (!this.#isSlow && to.writable) to.write(data);
    });
    from.on('error', () => {});
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
