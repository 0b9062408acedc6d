/**
 * What the compiler's own parser says about each source file: its imports and its functions. Owns the parser's
 * process. It only parses: nothing is resolved or type-checked, so the tree may be half-written.
 */
import { join } from 'node:path';
import type { CallExpression, FunctionLikeDeclaration, Node, SourceFile as ParsedFile } from 'typescript/unstable/ast';
import {
  isBlock,
  isCallExpression,
  isExportDeclaration,
  isExpressionStatement,
  isFunctionLikeDeclaration,
  isIdentifier,
  isImportDeclaration,
  isStringLiteral,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is';
import { API } from 'typescript/unstable/sync';
import { isCode, type SourceFile } from './source-tree.ts';

export interface ImportFact {
  readonly specifier: string;
  readonly line: number;
  /** `import type` or `export type`: gone at run time. */
  readonly typeOnly: boolean;
}
export interface FunctionFact {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}
export interface SourceFacts {
  readonly path: string;
  readonly imports: readonly ImportFact[];
  readonly functions: readonly FunctionFact[];
}

/** The parser's process, started by the first question, and the project files that exist only in its eyes. */
let parser: API | null = null;
const virtualFiles = new Map<string, string>();

/** Facts of every .ts and .tsx file of the tree, in the same order. Afterwards somebody must call `closeParser`. */
export function readFacts(root: string, tree: readonly SourceFile[]): SourceFacts[] {
  const paths = tree.map((file) => file.path).filter(isCode);
  if (paths.length === 0) return [];
  parser ??= new API({
    fs: {
      readFile: (path) => virtualFiles.get(path),
      fileExists: (path) => (virtualFiles.has(path) ? true : undefined),
    },
  });
  const configPath = join(root, 'tidy.virtual.tsconfig.json');
  const compilerOptions = {
    noResolve: true,
    noLib: true,
    jsx: 'preserve',
    types: [],
    allowImportingTsExtensions: true,
  };
  virtualFiles.set(configPath, JSON.stringify({ compilerOptions, typeAcquisition: { enable: false }, files: paths }));
  const snapshot = parser.updateSnapshot({ openProjects: [configPath] });
  const project = snapshot.getProject(configPath);
  if (project === undefined) throw new Error(`the parser did not open ${root}`);
  return paths.map((path) => {
    const parsed = project.program.getSourceFile(join(root, path));
    if (parsed === undefined) throw new Error(`the parser did not see ${path}`);
    return { path, ...factsOf(parsed) };
  });
}

/** Ends the parser's process, without which this one would not end either. */
export function closeParser(): void {
  parser?.close();
  parser = null;
  virtualFiles.clear();
}

function factsOf(parsed: ParsedFile): { imports: ImportFact[]; functions: FunctionFact[] } {
  const imports: ImportFact[] = [];
  const functions: FunctionFact[] = [];
  const lineOf = (position: number): number => parsed.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: Node, parent: Node): void => {
    const imported = importOf(node);
    if (imported !== null) imports.push({ ...imported, line: lineOf(node.getStart(parsed)) });
    if (isFunctionLikeDeclaration(node) && 'body' in node && node.body !== undefined && !isSuite(node, parent)) {
      const line = lineOf(node.getStart(parsed));
      functions.push({ name: nameOf(node, parent), line, lines: lineOf(node.end) - line + 1 });
    }
    node.forEachChild((child) => visit(child, node));
  };
  visit(parsed, parsed);
  return { imports, functions };
}

function importOf(node: Node): { specifier: string; typeOnly: boolean } | null {
  if (isImportDeclaration(node) && isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, typeOnly: /^import\s+type\b/.test(node.getText()) };
  }
  if (isExportDeclaration(node) && node.moduleSpecifier !== undefined && isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, typeOnly: /^export\s+type\b/.test(node.getText()) };
  }
  if (isCallExpression(node) && node.expression.getText() === 'import') {
    const argument = node.arguments[0];
    if (argument !== undefined && isStringLiteral(argument)) return { specifier: argument.text, typeOnly: false };
  }
  return null;
}

/** `describe(…, () => { … })`, and a function that itself says `describe` or `it`, are chapters of a test, not functions. */
function isSuite(node: FunctionLikeDeclaration, parent: Node): boolean {
  if (isCallExpression(parent) && isSuiteCall(parent)) return true;
  const { body } = node as { body?: Node };
  if (body === undefined || !isBlock(body)) return false;
  return body.statements.some(
    (line) => isExpressionStatement(line) && isCallExpression(line.expression) && isTestCall(line.expression),
  );
}

const isSuiteCall = (call: CallExpression): boolean => /^describe\b/.test(call.expression.getText());
const isTestCall = (call: CallExpression): boolean => /^(describe|it|test)\b/.test(call.expression.getText());

function nameOf(node: Node, parent: Node): string {
  const named = 'name' in node && node.name !== undefined ? (node.name as Node) : null;
  if (named !== null) return named.getText();
  if (isVariableDeclaration(parent) && isIdentifier(parent.name)) return parent.name.text;
  return 'a nameless function';
}
