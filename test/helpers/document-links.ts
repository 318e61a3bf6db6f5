import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The links of a document that lead nowhere, as they are written; links to other places are not followed. */
export function brokenLinksOf(file: string): string[] {
  return linksIn(readFileSync(file, 'utf8')).filter((link) => !leadsSomewhere(file, link));
}

/** What stands between the parentheses of links and pictures, without what is code. */
export function linksIn(text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '`');
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map(([, link = '']) => link);
}

function leadsSomewhere(file: string, link: string): boolean {
  if (/^https:\/\//.test(link)) return true;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? file : join(dirname(file), path);
  if (!existsSync(target)) return false;
  if (anchor === undefined) return true;
  return !statSync(target).isDirectory() && anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
}

/** The anchors that GitHub and npm give to headings. */
function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>();
  return [...text.matchAll(/^#+ +(.+)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}
