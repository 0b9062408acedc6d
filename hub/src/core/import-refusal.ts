/**
 * Why an import ended early. `other-file`, `shorter-file`: nothing new was stored. `store-unavailable`, `import-running`: the same file
 * can be sent again, and goes on where it was. No state.
 */
export class ImportRefusal extends Error {
  readonly code: 'import-running' | 'other-file' | 'shorter-file' | 'too-many-metrics' | 'store-unavailable';

  constructor(code: ImportRefusal['code'], message: string) {
    super(message);
    this.code = code;
  }
}
