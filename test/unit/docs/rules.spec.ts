import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MUTATIONS, WEIGHED_MUTATIONS } from '../../simulation/mutations';

const TOP = join(__dirname, '../../..');

interface Rule {
  readonly id: string;
  readonly sentence: string;
  /** From the top of the repository. */
  readonly test: string;
  /** `''`: none. */
  readonly mutation: string;
}

/** The rows of the table in docs/GUARANTEES.md. */
function documentedRules(): Rule[] {
  const text = readFileSync(join(TOP, 'docs/GUARANTEES.md'), 'utf8');
  const section = text.slice(text.indexOf('\n## Rules\n'));
  return section
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| rule'))
    .map((line) => {
      const [, id = '', sentence = '', link = '', mutation = ''] = line.split('|').map((cell) => cell.trim());
      return { id, sentence, test: /`(.*)`/.exec(link)?.[1] ?? '', mutation };
    });
}

/** The ids of rules that files under these folders name. */
function idsIn(...folders: string[]): Set<string> {
  const files = folders.flatMap((folder) =>
    readdirSync(join(TOP, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|md)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return new Set(files.flatMap((file) => readFileSync(file, 'utf8').match(/\bR[1-9][0-9]?\b/g) ?? []));
}

const all = [...MUTATIONS, ...WEIGHED_MUTATIONS];

describe('the rules of docs/GUARANTEES.md', () => {
  const rules = documentedRules();
  const ids = rules.map(({ id }) => id);

  it('are all that the code and the documents name, each once', () => {
    const named = idsIn('lib', 'docs');

    expect(new Set(ids).size).toBe(ids.length);
    expect([...named].filter((id) => !ids.includes(id))).toEqual([]);
    expect(ids.filter((id) => /^R/.test(id) && !named.has(id))).toEqual([]);
  });

  it('are all that the mutations switch off', () => {
    const switchedOff = all.flatMap(({ rule }) => rule.split(', '));

    expect(switchedOff.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it.each(rules.map((rule) => [rule.id, rule] as const))(
    '%s has a sentence, a test that is there, and the mutation that is named',
    (id, { sentence, test, mutation }) => {
      expect(sentence).toMatch(/^[A-Z`].*\.$/);
      expect(test).toMatch(/\.(spec|contract)\.ts$/);
      expect(existsSync(join(TOP, test))).toBe(true);
      if (mutation === '') {
        expect(all.filter(({ rule }) => rule.split(', ').includes(id))).toEqual([]);
      } else {
        expect(all.find(({ name }) => name === mutation)?.rule.split(', ')).toContain(id);
      }
    },
  );
});
