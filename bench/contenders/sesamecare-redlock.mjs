import { Redlock } from '@sesamecare-oss/redlock';
import { openRedlock } from './redlock-family.mjs';

export const open = (urls) => openRedlock(Redlock, urls);
