/** Lets the browser fetch a file, named by the hub. The page stays, also when the hub refuses. No state. */
export function startDownload(url: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = '';
  link.click();
}
