import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import {
  arrowsBetweenRooms,
  circles,
  importersOfIoredis,
  visitorsOfIoredis,
  wrongArrows,
  type Sources,
} from '../helpers/import-rules';
import type { RedlockNodeInput } from '../../lib';
import { passedFiles } from './passed-files';

/** The shape of the house, as `[what, figure]`. */
export async function figures(top: string, nodes: RedlockNodeInput[]): Promise<[string, string | number][]> {
  const sources = readSources(join(top, 'lib'));
  const arrows = arrowsBetweenRooms(sources);
  const ofTop = new Set(arrows.map((arrow) => arrow.replaceAll(/\/[\w/-]+/g, '')));
  const passed = await passedFiles(nodes);
  return [
    ['files in lib', sources.size],
    ['lines in lib', [...sources.values()].reduce((sum, text) => sum + text.split('\n').length - 1, 0)],
    ['arrows between rooms', arrows.length],
    ['arrows between folders at the top', [...ofTop].filter((arrow) => !isWithin(arrow)).length],
    ['arrows that run up', wrongArrows(sources).length],
    ['circles, of files and of rooms', circles(sources).length],
    ['files that import ioredis', importersOfIoredis(sources).length],
    ['files beyond its room that know how ioredis is used', visitorsOfIoredis(sources).length],
    ['references to a rule that docs/GUARANTEES.md does not define', undefinedRules(sources, top)],
    ['files that one uncontended @Locked call passes', passed.length],
    ...passed.map((file): [string, string] => ['', file]),
  ];
}

function undefinedRules(sources: Sources, top: string): number {
  const guarantees = readFileSync(join(top, 'docs/GUARANTEES.md'), 'utf8');
  const defined = new Set(Array.from(guarantees.matchAll(/^\| (R\d+) \|/gm), ([, id]) => id));
  const named = [...sources.values()].flatMap((text) => text.match(/\bR\d+\b/g) ?? []);
  return named.filter((id) => !defined.has(id)).length;
}

function isWithin(arrow: string): boolean {
  const [from, to] = arrow.split(' -> ');
  return from === to;
}

function readSources(lib: string): Sources {
  const files = readdirSync(lib, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(files.map((file) => [relative(lib, file).split(sep).join('/'), readFileSync(file, 'utf8')]));
}
