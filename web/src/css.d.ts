/** Styles that a page brings along when it is loaded: the bundler's business, nothing to TypeScript. */
declare module '*.css';
