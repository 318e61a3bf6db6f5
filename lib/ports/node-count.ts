/** The least and the most nodes that a lock service may have. Each attempt asks all of them. */
export const LEAST_NODES = 1;
export const MOST_NODES = 15;
