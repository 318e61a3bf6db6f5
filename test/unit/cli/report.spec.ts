import type { Finding } from '../../../lib/cli/doctor/finding';
import type { NodeFacts } from '../../../lib/cli/doctor/node-facts';
import { jsonReport, showFindings } from '../../../lib/cli/doctor/report';

const fine: Finding = { level: 'ok', check: 'role', node: 'a:1', message: 'a master' };
const unknown: Finding = { level: 'unknown', check: 'info', node: 'b:1', message: 'cannot tell' };
const warning: Finding = { level: 'warn', check: 'nodes', message: 'a single node', meaning: 'no locks' };
const wrong: Finding = {
  ...{ level: 'error', check: 'eviction', node: 'a:1', message: 'evil\u001b[2J', fix: 'CONFIG SET x' },
  meaning: 'locks go',
};

describe('what the doctor says', () => {
  it('is sorted by node, with what it means and what to change', () => {
    expect(showFindings([fine, unknown, wrong, warning])).toBe(
      [
        'a:1',
        '  ok     role         a master',
        '  ERROR  eviction     evil\\u001b[2J',
        '                      locks go',
        '                      -> CONFIG SET x',
        '',
        'b:1',
        '  ?      info         cannot tell',
        '',
        'all nodes together',
        '  WARN   nodes        a single node',
        '                      no locks',
        '',
        '1 error, 1 warning, 1 unknown.',
      ].join('\n'),
    );
  });

  it.each<[string, Finding[]]>([
    ['Nothing to change.', [fine]],
    ['0 errors, 1 warning.', [fine, warning]],
    ['2 errors, 0 warnings.', [wrong, wrong]],
    ['0 errors, 0 warnings, 1 unknown.', [unknown]],
  ])('ends with %s', (summary, findings) => {
    expect(showFindings(findings).split('\n').at(-1)).toBe(summary);
  });

  it('is no less for scripts', () => {
    const server = {
      ...{ server: 'a:1', database: 0, latency: { bestMs: 1, medianMs: 2, worstMs: 3 } },
      ...{
        info: {
          redis_version: '7.0.1',
          redis_mode: 'standalone',
          role: 'master',
          run_id: 'x',
          uptime_in_seconds: '7',
        },
      },
      clock: { offsetMs: 4, toleranceMs: 1 },
    };
    const node: NodeFacts = { node: 'a:1', isCluster: false, servers: [server], refusals: [] };
    const nameless: NodeFacts = { ...node, node: 'b:1', servers: [{ server: 'b:1', database: 0 }] };
    const down: NodeFacts = { ...node, node: 'c:1', servers: [], error: 'gone' };

    expect(jsonReport([node, nameless, down], [warning, wrong])).toEqual({
      ...{ ok: false, quorum: 2, reachable: 2 },
      nodes: [
        {
          ...{ node: 'a:1', error: null },
          servers: [
            {
              ...{
                server: 'a:1',
                product: 'Redis',
                version: '7.0.1',
                mode: 'standalone',
                role: 'master',
                runId: 'x',
              },
              ...{ uptimeMs: 7_000, latencyMs: 2, clockOffsetMs: 4 },
            },
          ],
        },
        {
          ...{ node: 'b:1', error: null },
          servers: [
            {
              ...{ server: 'b:1', product: null, version: null, mode: null, role: null, runId: null },
              ...{ uptimeMs: null, latencyMs: null, clockOffsetMs: null },
            },
          ],
        },
        { node: 'c:1', error: 'gone', servers: [] },
      ],
      findings: [
        { ...warning, node: null, fix: null },
        { ...wrong, node: 'a:1' },
      ],
    });
    expect(jsonReport([node], [fine, warning, unknown])).toMatchObject({ ok: true });
  });
});
