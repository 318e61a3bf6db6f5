import { h } from 'preact';
import htm from 'htm';

/** Markup in templates. What is put into it is text, never markup. */
export const html = htm.bind(h);
