import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokenLinksOf, linksIn } from '../../helpers/document-links';

const ROOT = join(__dirname, '..', '..', '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const manifest = JSON.parse(read('package.json')) as {
  files: string[];
  homepage: string;
  bugs: { url: string };
  repository: { url: string };
  version: string;
};
const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
});
const FILES = listed.split('\n').filter((file) => file !== '' && existsSync(join(ROOT, file)));

describe('the documents', () => {
  it('have links that lead somewhere', () => {
    const documents = FILES.filter((file) => /\.(md|txt)$/.test(file) && !file.startsWith('findings/'));

    const broken = documents.flatMap((file) =>
      brokenLinksOf(join(ROOT, file)).map((link) => `${file}: ${link}`),
    );

    expect(documents.length).toBeGreaterThan(15);
    expect(broken).toEqual([]);
  });

  it('of the package have links to what is in the package alone', () => {
    const inPackage = [
      'README.md',
      'LICENSE',
      ...manifest.files.map((pattern) => pattern.replace('/*.md', '')),
    ];
    const isPublished = (path: string) => inPackage.some((one) => path === one || path.startsWith(`${one}/`));
    const leading = FILES.filter((file) => /\.(md|txt)$/.test(file) && isPublished(file)).flatMap((file) =>
      linksIn(read(file))
        .filter((link) => !/^(https:|#)/.test(link))
        .map((link) => ({ file, to: join(file, '..', link.split('#')[0] ?? '') })),
    );

    expect(leading.length).toBeGreaterThan(30);
    expect(leading.filter(({ to }) => !isPublished(to))).toEqual([]);
  });

  it.each(['README.md', 'llms.txt'])('are all named in the list of %s', (file) => {
    const text = read(file);
    const list = text.slice(text.lastIndexOf('## Documentation') + 1);
    const pages = FILES.filter((path) => /^docs\/[A-Z]+\.md$/.test(path));

    expect(pages.length).toBeGreaterThan(10);
    expect(pages.filter((path) => !linksIn(list).some((link) => link === path))).toEqual([]);
  });

  it('would be found wrong where a file, or a heading, is not there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nestjs-redlock-links-'));
    const file = join(folder, 'a.md');
    writeFileSync(
      file,
      '# A `b` c\n[1](#a-b-c) [2](#a-c) [3](b.md) [4](a.md#a-b-c) `[5](no.md)` ![6](p.png)\n',
    );

    expect(brokenLinksOf(file)).toEqual(['#a-c', 'b.md', 'p.png']);
    rmSync(folder, { recursive: true });
  });

  it('name one repository, that of package.json', () => {
    const home = manifest.homepage.replace(/#readme$/, '');
    const owner = home.split('/').slice(0, 4).join('/');
    const places = FILES.filter((file) => !/package-lock\.json$|^findings\/|^bench\/results\.svg$/.test(file))
      .flatMap((file) =>
        [...read(file).matchAll(/(?:git\+)?https:\/\/github\.com\/[\w-]+\/[\w.-]+/g)].map(String),
      )
      .filter((url) => url.replace('git+', '').startsWith(owner));

    expect(manifest.repository.url).toBe(`git+${home}.git`);
    expect(manifest.bugs.url).toBe(`${home}/issues`);
    expect(places.length).toBeGreaterThan(4);
    expect(places.filter((url) => url.replace('git+', '').replace(/\.git$/, '') !== home)).toEqual([]);
  });

  it('are all in llms.txt', () => {
    const documents = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));

    expect(documents.filter((name) => !read('llms.txt').includes(`(docs/${name})`))).toEqual([]);
  });
});
