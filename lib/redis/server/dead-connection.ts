import type { Clock } from '../../ports/clock.interface';
import type { Askable, ServerClient } from '../client/server-client.interface';
import { watchForSilence } from './silence-watch';
import { watchForStall } from './stall-watch';

export interface DeathQuestions {
  /** How long a sign of life may take. */
  readonly limitMs: number;
  /** How many answers there have been, ever. */
  answered(): number;
  /** Whether an answer is owed now. */
  isOwed(): boolean;
  /** A connection that nothing will come from any more, or all of them. */
  onDead(dead: Askable): void;
}

/**
 * Finds connections that are dead though nobody closed them: soon where many answers are missed, or this process was
 * frozen; later where a handshake does not end, or a server of a cluster does not answer.
 *
 * @returns stops it
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
