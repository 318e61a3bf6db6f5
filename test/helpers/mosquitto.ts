import { Broker } from './broker';

/** A broker of MQTT. Without a file of settings it listens on the loopback alone, and lets everybody in. */
export function startMosquitto(): Promise<Broker> {
  return Broker.start((port) => ({ program: 'mosquitto', args: ['-p', String(port)] }));
}
