import type { Clock } from '../../ports/clock.interface';
import type { Askable, ServerClient } from '../client/server-client.interface';
import { watchForSilence } from './silence-watch';
import { watchForStall } from './stall-watch';

export interface DeathQuestions {
  /** The longest time that a sign of life may take. */
  readonly limitMs: number;
  /** The number of answers so far. */
  answered(): number;
  /** Tells if an answer is owed now. */
  isOwed(): boolean;
  /** Called with a connection that is dead, or with all connections of the client. */
  onDead(dead: Askable): void;
}

/**
 * Finds connections that are dead although nobody closed them. It finds them soon if many answers are missing, or
 * after this process was frozen. It needs longer if a handshake does not end, or a server of a cluster does not
 * answer.
 *
 * @returns a function that stops it
 */
export function watchForDeath(client: ServerClient, clock: Clock, questions: DeathQuestions): () => void {
  const stopLookingForStalls = watchForStall(clock, {
    answered: () => questions.answered(),
    isOwed: () => questions.isOwed() || client.isGreeting,
    onStall: () => {
      questions.onDead(client);
    },
  });
  const stopListening = watchForSilence(client, clock, {
    limitMs: questions.limitMs,
    isOwed: () => questions.isOwed(),
    onSilence: (server) => {
      questions.onDead(server);
    },
  });
  return () => {
    stopLookingForStalls();
    stopListening();
  };
}
