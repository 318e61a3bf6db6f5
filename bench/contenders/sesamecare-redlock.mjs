import { Redlock } from '@sesamecare-oss/redlock';
import { openRedlock } from './redlock-family.mjs';

export const open = (urls, options) => openRedlock(Redlock, urls, options);
