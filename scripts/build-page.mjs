// A part of `npm run build`: bundles the page of the lock board into dist.
import { buildBoardPage } from './lib/board-page.mjs';

const { ok, problem } = await buildBoardPage();
if (!ok) {
  console.error(problem);
  process.exitCode = 1;
}
