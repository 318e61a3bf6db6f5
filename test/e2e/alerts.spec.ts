import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promtool } from '../helpers/promtool';

const MONITORING = join(__dirname, '../../docs/monitoring');
const FINE = { isFine: true, output: expect.any(String) as string };

describe('the files for Prometheus, to Prometheus itself', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'nestjs-redlock-alerts-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('are a configuration and rules', () => {
    expect(promtool('check', 'config', join(MONITORING, 'prometheus.yml'))).toEqual(FINE);
    expect(promtool('check', 'rules', join(MONITORING, 'alerts.yml'))).toEqual(FINE);
  });

  it('alert when they should, and else not', () => {
    const histories = readFileSync(join(__dirname, 'alerts.promtool.yml'), 'utf8');
    const file = join(folder, 'histories.yml');
    writeFileSync(file, histories.replace('ALERTS', join(MONITORING, 'alerts.yml')));

    const { isFine, output } = promtool('test', 'rules', file);

    expect(isFine ? '' : output).toBe('');
  });

  it('has a history for every alert', () => {
    const alerts = [...readFileSync(join(MONITORING, 'alerts.yml'), 'utf8').matchAll(/- alert: (\w+)/g)];
    const histories = readFileSync(join(__dirname, 'alerts.promtool.yml'), 'utf8');

    expect(alerts.length).toBeGreaterThan(5);
    for (const [, name] of alerts) expect(histories).toMatch(new RegExp(`alertname: ${String(name)}\\n`));
  });
});
