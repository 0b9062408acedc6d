/**
 * A component that is loaded when it is first shown. Owns the loaded component.
 *
 * Invariant: one that cannot be loaded says so and offers a reload; it never stays blank.
 */
import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';

export interface LazyPage<P> {
  readonly Page: ComponentType<P>;
  preload(): Promise<void>;
}

export function makeLazyPage<P extends object>(load: () => Promise<ComponentType<P>>): LazyPage<P> {
  const loaded = signal<{ readonly Component: ComponentType<P> } | null>(null);
  const failed = signal(false);
  const preload = async (): Promise<void> => {
    if (loaded.peek() !== null) return;
    try {
      failed.value = false;
      loaded.value = { Component: await load() };
    } catch {
      failed.value = true; // The hub was away or was updated: the page says so and offers a reload.
    }
  };
  const Page = (props: P) => {
    if (loaded.value !== null) {
      const { Component } = loaded.value;
      return <Component {...props} />;
    }
    if (failed.value) return <PageFailed />;
    void preload();
    return <div class="page-coming" aria-busy="true" />;
  };
  return { Page, preload };
}

function PageFailed() {
  return (
    <section class="notice">
      <h1>This page could not be loaded</h1>
      <p>The hub did not answer, or it was updated since this tab was opened. What it has stored is not touched.</p>
      <p>
        <button type="button" class="button" onClick={() => location.reload()}>
          Load again
        </button>
      </p>
    </section>
  );
}
