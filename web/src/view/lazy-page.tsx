/** Pages loaded when first needed: the fleet must not wait for charts, settings or the palette. No state. */
import { makeLazyPage } from './make-lazy-page.tsx';

export const lazyDevicePage = makeLazyPage(async () => (await import('./device-page.tsx')).DevicePage);
export const lazyExplorePage = makeLazyPage(async () => (await import('./explore-page.tsx')).ExplorePage);
export const lazyBoardsPage = makeLazyPage(async () => (await import('./board-list.tsx')).BoardsPage);
export const lazyBoardPage = makeLazyPage(async () => (await import('./board-page.tsx')).BoardPage);
export const lazySharePage = makeLazyPage(async () => (await import('./share-page.tsx')).SharePage);
export const lazySettingsPage = makeLazyPage(async () => (await import('./settings-page.tsx')).SettingsPage);
export const lazyInboxPage = makeLazyPage(async () => (await import('./inbox-page.tsx')).InboxPage);
export const lazyAddPage = makeLazyPage(async () => (await import('./add-page.tsx')).AddPage);
export const lazyFleetPanels = makeLazyPage(async () => (await import('./fleet-panels.tsx')).FleetPanels);
export const lazyOverlays = makeLazyPage(async () => (await import('./overlays.tsx')).Overlays);
export const lazySignInPage = makeLazyPage(async () => (await import('./sign-in-page.tsx')).SignInPage);
