import { describeOwner } from '../../locking/api/owner-token';
import type { LockChange } from './lock-changes';
import { printable } from '../../errors/printable';
import { jsonHolder, showHolder, showMs } from './show';
import { jsonLock, showHolderOf } from './show-locks';
import { jsonText } from './json-text';

export type WatchEvent =
  LockChange | { readonly type: 'released'; readonly resource: string; readonly ownerToken: string };

/** The text for people: one line that begins with the time of day. */
export function showEvent(event: WatchEvent, atMs: number): string {
  const time = new Date(atMs).toISOString().slice(11, 23);
  return printable([time, ...wordsFor(event)].join('  '));
}

/** The text for scripts: one line of JSON. docs/CLI.md has its shape. */
export function jsonEvent(event: WatchEvent, atMs: number): string {
  return jsonText({ at: new Date(atMs).toISOString(), ...bodyOf(event) });
}

function wordsFor(event: WatchEvent): string[] {
  switch (event.type) {
    case 'lock': {
      const { resource, state, ttlMs, nodeCount } = event.lock;
      const nodes = nodeCount === 1 ? '1 node' : `${nodeCount} nodes`;
      return [state, resource, showHolderOf(event.lock), `ttl ${showMs(ttlMs)}`, nodes];
    }
    case 'gone':
      return ['gone', event.lock.resource, showHolderOf(event.lock)];
    case 'released':
      return ['released', event.resource, showHolder(describeOwner(event.ownerToken))];
    case 'node':
      return ['node', event.node, event.error ?? 'answers again'];
  }
}

function bodyOf(event: WatchEvent): object {
  switch (event.type) {
    case 'lock':
    case 'gone':
      return { type: event.type, ...jsonLock(event.lock) };
    case 'released':
      return {
        type: 'released',
        resource: event.resource,
        holder: jsonHolder(describeOwner(event.ownerToken)),
      };
    case 'node':
      return event;
  }
}
