// A part of `npm run build`: joins the files that the root entry loads.
import { joinFiles } from './lib/join-files.mjs';

joinFiles();
