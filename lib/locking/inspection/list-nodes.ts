import { LockOptionsError } from '../../errors/lock-options.error';
import type { ListOptions, LockListing, NodeLook } from '../api/lock-listing.interface';
import { productsOf } from '../api/server-products';
import { readOptions } from '../../errors/read-options';
import { findLocks, type Search } from './find-locks';
import { guardOf, type InspectionSetup } from './inspect-nodes';
import { listLocks } from './list-locks';

const DEFAULT_LIMIT = 1_000;
const MOST_LOCKS = 10_000;
const LONGEST_PATTERN = 1_000;
/** This is about 200,000 keys of each server. So a look ends even if a server has millions of other keys. */
const MOST_PARTS = 400;

/** Asks every node for the locks that it has, and judges them together. */
export async function listNodes(setup: InspectionSetup, options?: ListOptions): Promise<LockListing> {
  const search = checkListOptions(options);
  const { nodes, guard, clock, timeoutMs, refusals } = setup;
  const firstContact = guard?.firstContact;
  const { answers, isTruncated } = await findLocks({ nodes, clock, timeoutMs, firstContact }, search);
  const looks = nodes.map((node, position): NodeLook => {
    const { pace, error } = answers[position] ?? {};
    const servers = productsOf(setup.serversOf?.(node) ?? guard?.serversOf(node));
    return {
      node: node.name,
      status: node.status,
      ...(servers === undefined ? {} : { servers }),
      guarded: guardOf(node, guard, clock),
      refusal: refusals?.errorFor(node),
      ...(pace === undefined ? {} : { pace }),
      ...(error === undefined ? {} : { error }),
    };
  });
  return { locks: listLocks(answers), isTruncated, nodes: looks };
}

function checkListOptions(given: unknown): Search {
  const { pattern = '*', limit = DEFAULT_LIMIT } =
    given === undefined
      ? {}
      : readOptions(given, ['pattern', 'limit'] satisfies (keyof ListOptions)[], {
          name: 'options',
          what: ' of pattern and limit',
          each: 'an option of list()',
        });
  if (typeof pattern !== 'string' || pattern === '' || pattern.length > LONGEST_PATTERN) {
    throw new LockOptionsError(
      'pattern',
      `must be text of 1 to ${LONGEST_PATTERN} characters, such as 'order:*'.`,
    );
  }
  if (!Number.isInteger(limit) || Number(limit) < 1 || Number(limit) > MOST_LOCKS) {
    throw new LockOptionsError('limit', `must be a whole number from 1 to ${MOST_LOCKS}.`);
  }
  return { pattern, limit: Number(limit), mostParts: MOST_PARTS };
}
