/**
 * What a person keeps of the fleet: saved views, and the columns of the table when no view is chosen.
 *
 * Owns both as signals. Invariants: this browser's copy of the columns is shown at once and the hub's, when it comes, wins; a view is
 * changed only in the revision that was read, so of two editors the second is told. Refuses to know where they are kept: that is a port.
 */
import { type Signal, signal } from '@preact/signals-core';

export interface SavedView {
  readonly id: string;
  readonly title: string;
  /** For everybody who is signed in, else for its maker alone. */
  readonly isShared: boolean;
  readonly revision: number;
  /** What stands behind the `?` of the fleet's address. */
  readonly search: string;
}

export interface FleetShelf {
  listViews(): Promise<readonly SavedView[]>;
  saveView(view: SavedView): Promise<SavedView>;
  removeView(id: string): Promise<void>;
  readColumns(): Promise<readonly string[] | null>;
  saveColumns(columns: readonly string[] | null): Promise<void>;
}

/** This browser's copy, so that the first picture needs no answer. */
export interface ColumnsCopy {
  read(): readonly string[] | null;
  write(columns: readonly string[] | null): void;
}

export class FleetKeeper {
  readonly columns: Signal<readonly string[] | null>;
  readonly views: Signal<readonly SavedView[]> = signal<readonly SavedView[]>([]);
  /** The last thing that could not be read or saved, for the panels to say. */
  readonly trouble: Signal<string> = signal('');
  private readonly openShelf: () => Promise<FleetShelf>;
  private readonly copy: ColumnsCopy;
  private isLoaded = false;

  constructor(copy: ColumnsCopy, openShelf: () => Promise<FleetShelf>) {
    this.copy = copy;
    this.openShelf = openShelf;
    this.columns = signal(copy.read());
  }

  /** Once a page; quietly: the table stands without it. */
  async load(): Promise<void> {
    if (this.isLoaded) return;
    this.isLoaded = true;
    await this.attempt(async (shelf) => {
      const columns = await shelf.readColumns();
      if (JSON.stringify(columns) !== JSON.stringify(this.columns.peek())) this.keep(columns);
    });
  }

  async loadViews(): Promise<void> {
    await this.attempt(async (shelf) => {
      this.views.value = await shelf.listViews();
    });
  }

  async saveColumns(columns: readonly string[] | null): Promise<void> {
    this.keep(columns);
    await this.attempt((shelf) => shelf.saveColumns(columns));
  }

  async saveView(view: SavedView): Promise<boolean> {
    return this.attempt(async (shelf) => {
      const saved = await shelf.saveView(view);
      this.views.value = [...this.views.peek().filter(({ id }) => id !== saved.id), saved].sort((a, b) =>
        a.title < b.title ? -1 : 1,
      );
    });
  }

  async removeView(id: string): Promise<boolean> {
    return this.attempt(async (shelf) => {
      await shelf.removeView(id);
      this.views.value = this.views.peek().filter((view) => view.id !== id);
    });
  }

  private keep(columns: readonly string[] | null): void {
    this.columns.value = columns;
    this.copy.write(columns);
  }

  private async attempt(act: (shelf: FleetShelf) => Promise<void>): Promise<boolean> {
    try {
      await act(await this.openShelf());
      this.trouble.value = '';
      return true;
    } catch (error) {
      this.trouble.value = error instanceof Error ? error.message : String(error);
      return false;
    }
  }
}
