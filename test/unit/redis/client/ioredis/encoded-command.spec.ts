import { Command } from 'ioredis';
import { encodedCommand } from '../../../../../lib/redis/client/ioredis/encoded-command';

const make = () => encodedCommand('set', '*1\r\n');

describe('an encoded command', () => {
  it('is a command of ioredis, and writes the bytes as they are', () => {
    const command = make();

    expect(command).toBeInstanceOf(Command);
    expect(command.name).toBe('set');
    expect(command.toWritable({})).toBe('*1\r\n');
  });

  it('is settled by functions that a tracer takes from it and calls later', async () => {
    const [answered, failed] = [make(), make()];
    const [{ resolve }, { reject }] = [answered, failed];

    resolve(Buffer.from('größe'));
    reject(new Error('ERR no'));

    await expect(answered.promise).resolves.toBe('größe');
    await expect(failed.promise).rejects.toThrow('ERR no');
  });

  it('fails when its reply cannot be read, and does not throw at the reader of the connection', async () => {
    const command = make();
    command.transformReply = () => {
      throw new Error('not to be read');
    };

    expect(() => {
      command.resolve(Buffer.from('OK'));
    }).not.toThrow();

    await expect(command.promise).rejects.toThrow('not to be read');
  });
});
