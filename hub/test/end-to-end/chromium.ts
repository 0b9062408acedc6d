/**
 * A real Chromium for end-to-end tests: installed when it may be, started without a sandbox or calls of its own to anywhere.
 */
import { type Browser, chromium, type Page } from 'playwright-core';
import type { HubClient } from '../../../scripts/hub-client.ts';
import { ensureInstalled, findChromium } from '../../../scripts/system-packages.ts';

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchChromium(): Promise<Browser> {
  const executablePath = ensureInstalled('Chromium', 'chromium', findChromium);
  return chromium.launch({ executablePath, args });
}

/** A page that has the client's session. */
export async function openSignedIn(browser: Browser, client: HubClient): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const [name, value] = client.cookie.split('=', 2) as [string, string];
  await context.addCookies([{ name, value, url: client.url }]);
  return context.newPage();
}
