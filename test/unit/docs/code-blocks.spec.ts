import ts from 'typescript';
import { BlockCompiler, codeBlocksOf, projectCodeBlocks, type CodeBlock } from '../../helpers/code-blocks';

const MISTAKE = "import { Locked } from '@nest-quorum/redlock';\nLocked('order:<0>', { ttl: 'soon' });\n";

describe('the code in README.md and docs', () => {
  const compiler = new BlockCompiler();
  const blocks = projectCodeBlocks();

  it('is found', () => {
    expect(blocks.length).toBeGreaterThan(5);
    expect(blocks.filter(({ isExcused }) => isExcused).length).toBeLessThan(blocks.length / 5);
  });

  it('compiles as it is pasted, with nothing beside it', () => {
    expect(compiler.problemsOf(blocks.filter(({ isExcused }) => !isExcused))).toEqual([]);
  });

  it('has no interface in the constructor of a class that Nest makes: Nest knows classes and tokens alone', () => {
    const found = blocks.filter(({ isExcused }) => !isExcused).flatMap(unknownToNest);

    expect(found).toEqual([]);
  });

  it('would be found with such an interface', () => {
    const text =
      "import { Injectable } from '@nestjs/common';\ninterface Work {}\n@Injectable() class Jobs {\n" +
      "  constructor(readonly work: Work, @Inject('b') readonly b: Work, readonly c: Jobs) {}\n}\n";

    const [block] = codeBlocksOf('a.md', `\`\`\`ts\n${text}\`\`\`\n`);

    expect(block === undefined ? [] : unknownToNest(block)).toEqual(['a.md:1: work: Work']);
  });

  it('would be found wrong, with its place', () => {
    const [block] = codeBlocksOf('a.md', `text\n\n\`\`\`ts\n${MISTAKE}\`\`\`\n`);

    expect(compiler.problemsOf(block === undefined ? [] : [block])).toEqual([
      expect.stringMatching(/^a\.md:3, line 2 of it: .*'string' is not assignable to type 'number'/),
    ]);
  });

  it('is excused only by a comment that says why', () => {
    const block = '```ts\nx\n```\n';

    expect(codeBlocksOf('a.md', `<!-- not compiled: pseudo code -->\n\n${block}`)[0]?.isExcused).toBe(true);
    expect(codeBlocksOf('a.md', `<!-- not compiled: pseudo code -->\n${block}`)[0]?.isExcused).toBe(true);
    expect(codeBlocksOf('a.md', `<!-- not compiled: -->\n${block}`)[0]?.isExcused).toBe(false);
    expect(codeBlocksOf('a.md', block)[0]?.isExcused).toBe(false);
  });
});

/** The parameters of constructors that Nest would have to fill, and that are of an interface of the block itself. */
function unknownToNest({ place, code }: CodeBlock): string[] {
  const source = ts.createSourceFile('block.ts', code, ts.ScriptTarget.Latest);
  const interfaces = source.statements.filter(ts.isInterfaceDeclaration).map(({ name }) => name.text);
  const classes = source.statements.filter(ts.isClassDeclaration).filter((one) => isDecorated(one));
  const constructors = classes.flatMap(({ members }) => members.filter(ts.isConstructorDeclaration));
  return constructors
    .flatMap(({ parameters }) => parameters.filter((one) => !isDecorated(one)))
    .filter(({ type }) => type !== undefined && interfaces.includes(type.getText(source)))
    .map(({ name, type }) => `${place}: ${name.getText(source)}: ${type?.getText(source)}`);
}

function isDecorated(node: ts.HasDecorators): boolean {
  return (ts.getDecorators(node) ?? []).length > 0;
}
