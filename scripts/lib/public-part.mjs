import ts from 'typescript';

/**
 * The public part of a report: the exports, and the types without a public name that they need. Types that
 * only a constructor mentions are left out, since most of them are internal, and so are types that
 * `elsewhere` has in full.
 *
 * @param code declarations, as API Extractor writes them
 * @param elsewhere names that another report exports
 */
export function publicPart(code, elsewhere = new Set()) {
  const source = ts.createSourceFile('report.d.ts', code, ts.ScriptTarget.Latest, true);
  const statements = [...source.statements].map((statement) => ({
    statement,
    names: namesOf(statement),
    isExported: isExport(statement),
  }));
  const byName = new Map(statements.flatMap((entry) => entry.names.map((name) => [name, entry])));
  const kept = new Set(statements.filter(({ isExported }) => isExported));
  // The set grows during this loop, until nothing new is found.
  for (const { statement } of kept) {
    for (const name of mentionedIn(statement)) {
      const found = byName.get(name);
      if (found !== undefined && !elsewhere.has(name)) kept.add(found);
    }
  }
  return statements
    .filter((entry) => kept.has(entry))
    .map(({ statement }) => inOrder(code.slice(statement.getFullStart(), statement.getEnd()).trim()))
    .join('\n\n');
}

/**
 * Sorts the texts of a union. The compiler writes them in the order in which it met them, which depends on
 * other files.
 */
function inOrder(declaration) {
  return declaration.replaceAll(/'[^'\n|]*'(?: \| '[^'\n|]*')+/g, (union) =>
    union.split(' | ').sort().join(' | '),
  );
}

/** The names that a report exports. */
export function exportedNames(code) {
  const source = ts.createSourceFile('report.d.ts', code, ts.ScriptTarget.Latest, true);
  return new Set([...source.statements].filter(isExport).flatMap(namesOf));
}

function isExport(statement) {
  return (
    ts.isExportDeclaration(statement) ||
    statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
  );
}

function namesOf(statement) {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.text);
  if (ts.isImportDeclaration(statement)) {
    const { name, namedBindings } = statement.importClause ?? {};
    const inner = namedBindings?.elements ?? (namedBindings === undefined ? [] : [namedBindings]);
    return [name, ...inner.map((binding) => binding.name)].flatMap((one) => one?.text ?? []);
  }
  return statement.name === undefined ? [] : [statement.name.text];
}

function mentionedIn(node, names = new Set()) {
  if (ts.isConstructorDeclaration(node)) return names;
  if (ts.isIdentifier(node)) names.add(node.text);
  ts.forEachChild(node, (child) => {
    mentionedIn(child, names);
  });
  return names;
}
