import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TableRow {
  readonly without: string;
  readonly broken: string;
}

/** What docs/GUARANTEES.md says of each mutation. */
export function readMutationTable(): TableRow[] {
  const text = readFileSync(join(process.cwd(), 'docs', 'GUARANTEES.md'), 'utf8');
  const table = text.slice(text.indexOf('<!-- mutations -->'), text.indexOf('<!-- /mutations -->'));
  return table
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) => {
      const [without = '', broken = ''] = line
        .split('|')
        .slice(1)
        .map((cell) => cell.trim());
      return { without, broken: broken.replaceAll('`', '') };
    });
}
