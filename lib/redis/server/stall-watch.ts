import type { Clock, Timer } from '../../ports/clock.interface';

const LOOK_EVERY_MS = 5_000;

export interface StallQuestions {
  /** The number of answers so far. */
  answered(): number;
  /** Tells if an answer is owed now. */
  isOwed(): boolean;
  onStall(): void;
}

/**
 * Notices a connection on which answers are owed and none comes for 5 to 10 seconds. Without this, a connection
 * that a firewall forgot stays "up" until the operating system gives up, which takes a quarter of an hour.
 *
 * There is one timer per node, however many requests there are.
 */
export function watchForStall(clock: Clock, questions: StallQuestions): () => void {
  let owedAtLastLook = false;
  let answeredAtLastLook = 0;
  let timer: Timer;
  const look = () => {
    const isOwed = questions.isOwed();
    const answered = questions.answered();
    const isStalled = isOwed && owedAtLastLook && answered === answeredAtLastLook;
    owedAtLastLook = isOwed && !isStalled;
    answeredAtLastLook = answered;
    if (isStalled) questions.onStall();
    next();
  };
  const next = () => {
    timer = clock.schedule(LOOK_EVERY_MS, look, { background: true });
  };
  next();
  return () => {
    timer.cancel();
  };
}
