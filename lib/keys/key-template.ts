import { ClientKeyError, LockKeyError } from '../errors/lock-key.error';
import { isText } from '../errors/is-text';
import { LONGEST_RESOURCE } from '../locking/checks/check-resources';
import { shortened, templateProblem } from './template-problem';
import { findForeignPlaceholder } from './foreign-placeholder';
import { KEY_FORMS, type KeyForm } from './key-form';
import { encodeKeyPart, readPath } from './key-part';

/** Which placeholders a template may have, and where their values come from at a call. */
export interface KeyRoots<Call> {
  /** Says why `<root.path>` cannot be, and what can; undefined when it can. */
  refuse(root: string, path: readonly string[]): string | undefined;
  /** How a placeholder is written here that another tool writes by `path`: `<0.id>` for `dto.id`. */
  spell(path: readonly string[]): string;
  read(call: Call, root: string, path: readonly string[]): unknown;
  /** Whether a value at `root` comes from a client: a wrong one is no fault of the application then. */
  isFromClient?(root: string): boolean;
}

/** `<'{0}'>`: text that is meant as it stands, though it looks like a placeholder of another tool. */
interface QuotedText {
  readonly quoted: string;
}

interface Placeholder {
  /** The placeholder as it was written: `<0.user.id>`. */
  readonly text: string;
  readonly root: string;
  readonly path: readonly string[];
  /** Behind a `|`, in their order. */
  readonly forms: readonly KeyForm[];
}

const CLIMBS_OUT_OF_DATA = new Set(['__proto__', 'prototype', 'constructor']);

/**
 * Compiles `order:<0.user.id>` to a function from a call to a resource.
 *
 * @throws LockKeyError at once when the template is wrong; the function throws one when a value cannot be part of a key
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

/** What stands in every key; undefined of a placeholder. */
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
      // Forgotten "<": all calls would share one key, so it is not taken for text unless a "<<" came before it.
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

/** It would be the same text in every key, so that all calls share one lock. */
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

/** What stands there in any case is too long for a key already. */
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
