/** The tokens inside of one RedlockBoardModule. */
export const BOARD_SETTINGS = 'REDLOCK_BOARD_SETTINGS';
export const BOARD_HTTP = 'REDLOCK_BOARD_HTTP';
export const BOARD_PLACE = 'REDLOCK_BOARD_PLACE';
