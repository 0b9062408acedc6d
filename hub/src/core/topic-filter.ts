/**
 * MQTT topics and filters: what is one, which matches which, and a tree that finds the subscribers of a topic.
 *
 * The tree owns its nodes and drops those that nobody needs. As in the specification (4.7): `+` is one level, `#` the rest and the
 * level before it, and a wildcard at the beginning matches no topic that begins with `$`. Bounded by what `isTopic` lets through.
 */
export const topicBytesMax = 1_024;
export const topicLevelsMax = 32;

/** No control characters, no lone surrogates, and nothing that was not UTF-8 when it came (it is U+FFFD by now). */
const foreignCharacters = /[\u0000-\u001f\u007f-\u009f\ufffd\ufffe\uffff]/;

export function isCleanText(text: string): boolean {
  return !foreignCharacters.test(text) && text.isWellFormed();
}

/** Something to publish to. */
export function isTopic(text: string): boolean {
  return isName(text) && !text.includes('+') && !text.includes('#');
}

/** Something to subscribe to. */
export function isFilter(text: string): boolean {
  if (!isName(text)) return false;
  const levels = text.split('/');
  return levels.every((level, i) => {
    if (level === '+' || (level === '#' && i === levels.length - 1)) return true;
    return !level.includes('+') && !level.includes('#');
  });
}

function isName(text: string): boolean {
  if (text.length === 0 || text.length > topicBytesMax || !isCleanText(text)) return false;
  let levels = 1;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) === 47) levels += 1;
  return levels <= topicLevelsMax;
}

export function matchesFilter(filter: string, topic: string): boolean {
  if (filter === '#') return !topic.startsWith('$');
  const wanted = filter.split('/');
  const levels = topic.split('/');
  if (topic.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) return false;
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '#') return true;
    if (i >= levels.length || (wanted[i] !== '+' && wanted[i] !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}

interface Node<T> {
  readonly children: Map<string, Node<T>>;
  readonly values: Map<string, T>;
}

/** Values under (filter, name). */
export class FilterTree<T> {
  private readonly root: Node<T> = makeNode();
  size = 0;

  set(filter: string, name: string, value: T): void {
    let node = this.root;
    for (const level of filter.split('/')) {
      let child = node.children.get(level);
      if (child === undefined) {
        child = makeNode();
        node.children.set(level, child);
      }
      node = child;
    }
    if (!node.values.has(name)) this.size += 1;
    node.values.set(name, value);
  }

  delete(filter: string, name: string): void {
    const path = [this.root];
    const levels = filter.split('/');
    for (const level of levels) {
      const child = path.at(-1)!.children.get(level);
      if (child === undefined) return;
      path.push(child);
    }
    if (path.at(-1)!.values.delete(name)) this.size -= 1;
    for (let i = levels.length; i > 0; i--) {
      const node = path[i]!;
      if (node.values.size > 0 || node.children.size > 0) return;
      path[i - 1]!.children.delete(levels[i - 1]!);
    }
  }

  match(topic: string): T[] {
    const found: T[] = [];
    if (this.size > 0) {
      collect(this.root, { levels: topic.split('/'), isReserved: topic.startsWith('$'), found }, 0);
    }
    return found;
  }
}

function makeNode<T>(): Node<T> {
  return { children: new Map(), values: new Map() };
}

interface Search<T> {
  readonly levels: readonly string[];
  readonly isReserved: boolean;
  readonly found: T[];
}

function collect<T>(node: Node<T>, search: Search<T>, at: number): void {
  const { levels, isReserved, found } = search;
  const mayBeWild = at > 0 || !isReserved;
  const rest = mayBeWild ? node.children.get('#') : undefined;
  if (rest !== undefined) found.push(...rest.values.values());
  if (at === levels.length) {
    found.push(...node.values.values());
    return;
  }
  const exact = node.children.get(levels[at]!);
  if (exact !== undefined) collect(exact, search, at + 1);
  const any = mayBeWild ? node.children.get('+') : undefined;
  if (any !== undefined) collect(any, search, at + 1);
}
