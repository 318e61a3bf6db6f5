import { BlockCompiler, codeBlocksOf, projectCodeBlocks } from '../../helpers/code-blocks';

/** What an example may use without showing it: of the application that the reader has in mind. */
const AMBIENT = `
  declare class AppModule {}
  declare class OrderService {
    pay(orderId: string): Promise<string>;
  }
  interface Order {
    readonly id: string;
  }
  interface TransferDto {
    readonly from: string;
    readonly to: string;
  }
`;

const MISTAKE = "import { Locked } from '@nest-quorum/redlock';\nLocked('order:<0>', { ttl: 'soon' });\n";

describe('the code in README.md and docs', () => {
  const compiler = new BlockCompiler();
  const blocks = projectCodeBlocks();

  it('is found', () => {
    expect(blocks.length).toBeGreaterThan(5);
    expect(blocks.filter(({ isExcused }) => isExcused).length).toBeLessThan(blocks.length / 5);
  });

  it('compiles', () => {
    const problems = compiler.problemsOf(
      blocks.filter(({ isExcused }) => !isExcused),
      AMBIENT,
    );

    expect(problems).toEqual([]);
  });

  it('compiles as pasted where it is the first example', () => {
    const [first] = blocks;

    expect(first?.code).toMatch(/@Locked\(/);
    expect(compiler.problemsOf(first === undefined ? [] : [first])).toEqual([]);
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
