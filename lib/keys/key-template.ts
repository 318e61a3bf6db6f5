import { ClientKeyError, LockKeyError } from '../errors/lock-key.error';
import { LONGEST_RESOURCE, isText } from '../locking/api/check-resources';
import { shortened, templateProblem } from './template-problem';
import { findForeignPlaceholder } from './foreign-placeholder';
import { KEY_FORMS, type KeyForm } from './key-form';
import { encodeKeyPart, readPath } from './key-part';

/** The placeholders that a template may have, and the source of their values at a call. */
export interface KeyRoots<Call> {
  /** Explains why `<root.path>` is wrong, and what is right. Returns undefined if it is right. */
  refuse(root: string, path: readonly string[]): string | undefined;
  /** The placeholder to write here for the `path` of another tool: `<0.id>` for `dto.id`. */
  spell(path: readonly string[]): string;
  read(call: Call, root: string, path: readonly string[]): unknown;
  /** Tells if a value at `root` comes from a client. Then a wrong value is no fault of the application. */
  isFromClient?(root: string): boolean;
}

/** Text in quotes, `<'{0}'>`: it is meant as it stands, although it looks like a placeholder of another tool. */
interface QuotedText {
  readonly quoted: string;
}

interface Placeholder {
  /** The placeholder as it was written: `<0.user.id>`. */
  readonly text: string;
  readonly root: string;
  readonly path: readonly string[];
  /** The forms after the `|`, in their order. */
  readonly forms: readonly KeyForm[];
}

const CLIMBS_OUT_OF_DATA = new Set(['__proto__', 'prototype', 'constructor']);

/**
 * Compiles `order:<0.user.id>` to a function from a call to a resource.
 *
 * @throws LockKeyError at once if the template is wrong; the function throws one if a value cannot be part of a
 *   key
 */
export function compileKeyTemplate<Call>(template: string, roots: KeyRoots<Call>): (call: Call) => string {
  const parts = parseKeyTemplate(template, roots).map((part) => {
    const text = textOf(part);
    return text === undefined ? compilePlaceholder(template, part as Placeholder, roots) : () => text;
  });
  return (call) => parts.map((resolve) => resolve(call)).join('');
}

function compilePlaceholder<Call>(
  template: string,
  { text, root, path, forms }: Placeholder,
  roots: KeyRoots<Call>,
): (call: Call) => string {
  const isFromClient = roots.isFromClient?.(root) === true;
  const fail = (problem: string) => {
    const message = templateProblem(template, `${text} ${problem}`);
    return isFromClient ? new ClientKeyError(message, template) : new LockKeyError(message, template);
  };
  return (call) => {
    const value = readPath(() => roots.read(call, root, path), path, fail);
    return encodeKeyPart(
      forms.reduce((so, form) => form(so, fail), value),
      fail,
    );
  };
}

type Part = string | QuotedText | Placeholder;

/** The text that is the same in every key. Undefined for a placeholder. */
function textOf(part: Part): string | undefined {
  if (typeof part === 'string') return part;
  return 'quoted' in part ? part.quoted : undefined;
}

function parseKeyTemplate<Call>(template: string, roots: KeyRoots<Call>): Part[] {
  if (template === '') {
    throw new LockKeyError('A lock key template is empty. Name what is locked, as in "order:<0>".', template);
  }
  if (!isText(template)) {
    throw new LockKeyError(
      templateProblem(template, 'it contains half of a surrogate pair, which no key can hold.'),
      template,
    );
  }
  const parts: Part[] = [];
  let openLiterals = 0;
  let at = 0;
  while (at < template.length) {
    if (template.startsWith('<<', at)) {
      parts.push('<');
      openLiterals += 1;
      at += 2;
    } else if (template[at] === '<') {
      const end = endOfPlaceholder(template, at);
      parts.push(parsePlaceholder(template, at, template.slice(at + 1, end), roots));
      at = end + 1;
    } else if (template[at] === '>') {
      // A "<" was forgotten, so all calls would share one key. The ">" counts as text only if a "<<" came before
      // it.
      if (openLiterals === 0) {
        throw badTemplate(template, at, 'has no "<" before it', 'Write a placeholder as "<0>".');
      }
      parts.push('>');
      openLiterals -= 1;
      at += 1;
    } else {
      const rest = template.slice(at).search(/[<>]/);
      const end = rest === -1 ? template.length : at + rest;
      const text = template.slice(at, end);
      refuseForeign(template, text, at, roots);
      parts.push(text);
      at = end;
    }
  }
  refuseTooLong(template, parts);
  return parts;
}

/**
 * Refuses a placeholder of another tool: it would be the same text in every key, so that all calls share one lock.
 */
function refuseForeign<Call>(template: string, text: string, from: number, roots: KeyRoots<Call>): void {
  const found = findForeignPlaceholder(text, from > 0);
  if (found === undefined) return;
  const remedy = `Write ${JSON.stringify(roots.spell(found.path))}, or "<'${found.text}'>" where the text itself is meant.`;
  throw new LockKeyError(
    templateProblem(
      template,
      `${JSON.stringify(found.text)} at position ${from + found.at} is a placeholder of other tools. Here it is constant ` +
        `text, and calls with different values would share one lock. ${remedy}`,
    ),
    template,
  );
}

/** Refuses a template whose fixed text is already too long for a key. */
function refuseTooLong(template: string, parts: readonly Part[]): void {
  const length = parts.reduce((sum, part) => sum + (textOf(part)?.length ?? 1), 0);
  if (length <= LONGEST_RESOURCE) return;
  throw new LockKeyError(
    templateProblem(
      template,
      `a key would have at least ${length} characters; ${LONGEST_RESOURCE} are possible.`,
    ),
    template,
  );
}

function endOfPlaceholder(template: string, start: number): number {
  const length = template.slice(start + 1).search(/[<>]/);
  if (length === -1 || template[start + 1 + length] === '<') {
    throw badTemplate(
      template,
      start,
      'is never closed',
      'Close it with ">", or write "<<" for a literal "<".',
    );
  }
  return start + 1 + length;
}

function parsePlaceholder<Call>(
  template: string,
  at: number,
  content: string,
  roots: KeyRoots<Call>,
): Placeholder | QuotedText {
  const quoted = /^(['"])([^]+)\1$/.exec(content)?.[2];
  if (quoted !== undefined) return { quoted };
  const [names = '', ...wanted] = content.split('|');
  const [root = '', ...path] = names.split('.');
  const text = `<${shortened(content)}>`;
  if (content.trim() === '') {
    throw badTemplate(template, at, `opens an empty placeholder`, 'Name the value, as in "<0>" or "<0.id>".');
  }
  if ([root, ...path].some((name) => name === '' || /\s/.test(name))) {
    throw badTemplate(template, at, `opens ${text}, which is not a path`, 'Write it as "<0.user.id>".');
  }
  const trick = [root, ...path].find((name) => CLIMBS_OUT_OF_DATA.has(name));
  if (trick !== undefined) {
    throw badTemplate(
      template,
      at,
      `opens ${text}, but ${trick} is not data`,
      'Name a property of the value.',
    );
  }
  const refusal = roots.refuse(root, path);
  if (refusal !== undefined) throw badTemplate(template, at, `opens ${text}`, refusal);
  const forms = wanted.map((name) => {
    const form = KEY_FORMS.get(name);
    if (form !== undefined) return form;
    const known = [...KEY_FORMS.keys()].map((one) => `"|${one}"`).join(', ');
    throw badTemplate(
      template,
      at,
      `opens ${text}, but "|${shortened(name)}" is no form of a value`,
      `Known are ${known}.`,
    );
  });
  return { text, root, path, forms };
}

function badTemplate(template: string, at: number, problem: string, remedy: string): LockKeyError {
  return new LockKeyError(
    templateProblem(template, `the "${template.charAt(at)}" at position ${at} ${problem}. ${remedy}`),
    template,
  );
}
