// `npm run changelog`: checks that CHANGELOG.md has the form that a release needs.
// `--release`: gives the unreleased changes the version of package.json and the date of today; `npm version`
// does so.
// `--notes v1.2.3`: prints the changes of that release, for the page of the release.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parser } from 'keep-a-changelog';
import { manifest, root } from './lib/paths.mjs';

const FILE = join(root, 'CHANGELOG.md');
const { version } = manifest;

try {
  const { values } = parseArgs({ options: { release: { type: 'boolean' }, notes: { type: 'string' } } });
  const text = readFileSync(FILE, 'utf8');
  const changelog = read(text);
  if (values.release) {
    release(changelog);
    writeFileSync(FILE, changelog.toString());
    console.log(`CHANGELOG.md: ${version} is released today.`);
  } else if (values.notes !== undefined) {
    console.log(notesOf(changelog, values.notes));
  } else {
    checkForm(text, changelog);
    console.log('CHANGELOG.md has the form of Keep a Changelog.');
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function read(text) {
  const changelog = parser(text);
  changelog.format = 'markdownlint';
  return changelog;
}

function release(changelog) {
  const unreleased = changelog.releases.filter(({ date }) => date === undefined);
  const [entry] = unreleased;
  if (unreleased.length !== 1 || entry.isEmpty()) {
    throw new Error(
      'CHANGELOG.md has nothing that is unreleased: begin it with "## Unreleased" and what changed.',
    );
  }
  if (changelog.findRelease(version)?.date !== undefined) {
    throw new Error(`CHANGELOG.md says that ${version} is released already. Choose the next version.`);
  }
  entry.setVersion(version);
  entry.setDate(new Date());
}

function notesOf(changelog, tag) {
  if (tag !== `v${version}`) throw new Error(`The tag ${tag} is not that of package.json, v${version}.`);
  const entry = changelog.findRelease(version);
  if (entry?.date === undefined) {
    throw new Error(
      `CHANGELOG.md has no date for ${version}. Make tags with \`npm version\`, which sets it.`,
    );
  }
  return entry.toString(changelog).split('\n').slice(1).join('\n').trim();
}

/** A release writes the file again. So the file must be exactly what would be written. */
function checkForm(text, changelog) {
  const written = changelog.toString().split('\n');
  const at = text.split('\n').findIndex((line, index) => line !== written[index]);
  if (at === -1 && text.trimEnd().split('\n').length === written.join('\n').trimEnd().split('\n').length)
    return;
  throw new Error(
    `CHANGELOG.md, line ${at + 1}: a release would write "${written[at] ?? ''}" here. ` +
      'It keeps headings of releases ("## Unreleased"), of kinds ("### Added") and their lists, and nothing else.',
  );
}
