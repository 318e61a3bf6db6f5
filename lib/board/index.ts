export { RedlockBoardModule } from './redlock-board.module';
export type {
  BoardAction,
  RedlockBoardAsyncOptions,
  RedlockBoardExtras,
  RedlockBoardOptions,
  RedlockBoardSettings,
} from './redlock-board-options.interface';
export type {
  BoardEvent,
  BoardHolder,
  BoardLock,
  BoardNews,
  BoardNode,
  BoardState,
  HotKey,
} from './core/board-state.interface';
