/**
 * Label and tags of one device, or the tags of several at once.
 *
 * Owns what is typed until it is saved. Invariant: nothing is sent that the hub would refuse; of several devices only what was added or
 * removed here changes, and what else each has stays.
 */
import { type Signal, useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { applyNotes, type DeviceRecord } from '../core/feed-state.ts';
import {
  countTags,
  editTags,
  findTagFault,
  labelLettersMax,
  splitTags,
  type TagUse,
  tagsMax,
} from '../core/fleet-tags.ts';
import { type App, useApp } from './app-context.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { explain } from './sign-in-page.tsx';

const devicesPerCall = 500;

export function FleetEditor({ ids, close }: { ids: readonly string[]; close: () => void }) {
  const app = useApp();
  const chosen = ids.flatMap((id) => app.model.feed.devices.get(id) ?? []);
  const label = useSignal(chosen[0]?.notes.label ?? '');
  const draft = useTagDraft(chosen);
  const isBusy = useSignal(false);
  const saveOnSubmit = async (event: Event) => {
    event.preventDefault();
    if (!draft.take()) return;
    isBusy.value = true;
    try {
      await save(app, chosen, { label: label.value, added: draft.added.value, removed: draft.removed.value });
      close();
    } catch (error) {
      draft.fault.value = explain(error);
    }
    isBusy.value = false;
  };
  return (
    <form class="fleet-editor" onSubmit={saveOnSubmit}>
      {chosen.length === 1 && (
        <label class="field">
          <span>Label</span>
          <input
            type="text"
            maxLength={labelLettersMax}
            placeholder={chosen[0]!.id}
            value={label.value}
            onInput={(event) => {
              label.value = event.currentTarget.value;
            }}
          />
        </label>
      )}
      <div class="field">
        <span>
          Tags <span class="panel-note">a word, or key:value; at most {tagsMax}</span>
        </span>
        <TagChips draft={draft} of={chosen.length} />
        <TagField draft={draft} />
        <p id="tag-fault" class="form-error" role="alert">
          {draft.fault.value}
        </p>
      </div>
      {chosen.length === 1 && <Credential device={chosen[0]!} />}
      <div class="panel-actions">
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
        <button type="submit" class="button is-main" disabled={isBusy.value}>
          Save
        </button>
      </div>
    </form>
  );
}

/** For a board that was stolen, replaced, or that forgot what it was given. */
function Credential({ device: { id } }: { device: DeviceRecord }) {
  const { hub } = useApp();
  const told = useSignal('');
  const revoke = async () => {
    try {
      await hub.revokeCredential(id);
      told.value = 'Revoked: it comes back with an enrolment key only. What it sent stays.';
    } catch (error) {
      told.value = explain(error);
    }
  };
  return (
    <div class="field">
      <span>Credential</span>
      <ConfirmButton
        label="Revoke"
        spoken={`Revoke the credential of ${id}`}
        question={revokeQuestion}
        confirm={revoke}
      />
      <p class="panel-note" role="status">
        {told}
      </p>
    </div>
  );
}
const revokeQuestion = 'End its link, and take its token or password from it?';

interface TagDraft {
  /** What the devices had when the editor was opened. */
  readonly before: readonly TagUse[];
  readonly added: Signal<readonly string[]>;
  readonly removed: Signal<readonly string[]>;
  readonly typed: Signal<string>;
  /** What is wrong with what is typed; '' for nothing. */
  readonly fault: Signal<string>;
  /** Takes what is typed as tags; false where something is wrong with it. */
  take(): boolean;
}

function useTagDraft(chosen: readonly DeviceRecord[]): TagDraft {
  const before = useMemo(() => countTags(chosen), []);
  const added = useSignal<readonly string[]>([]);
  const removed = useSignal<readonly string[]>([]);
  const typed = useSignal('');
  const fault = useSignal('');
  const take = (): boolean => {
    const tags = splitTags(typed.value);
    const wrong = tags.map(findTagFault).find((text) => text !== null);
    const full = chosen.find(
      ({ notes }) => editTags(notes.tags, [...added.value, ...tags], removed.value).length > tagsMax,
    );
    fault.value = wrong ?? (full === undefined ? '' : `${full.id} would have more than ${tagsMax} tags.`);
    if (fault.value !== '') return false;
    added.value = editTags(added.value, tags, []);
    removed.value = removed.value.filter((tag) => !tags.includes(tag));
    typed.value = '';
    return true;
  };
  return { before, added, removed, typed, fault, take };
}

function TagChips({ draft, of }: { draft: TagDraft; of: number }) {
  const { before, added, removed } = draft;
  const shown = [
    ...before.filter(({ tag }) => !removed.value.includes(tag) && !added.value.includes(tag)),
    ...added.value.map((tag) => ({ tag, devices: of })),
  ];
  const drop = (tag: string) => {
    added.value = added.value.filter((one) => one !== tag);
    if (before.some((use) => use.tag === tag)) removed.value = [...removed.value, tag];
  };
  const addToAll = (tag: string) => {
    added.value = editTags(added.value, [tag], []);
  };
  return (
    <ul class="tag-list">
      {shown.map(({ tag, devices: count }) => (
        <TagChip key={tag} tag={tag} count={count} of={of} drop={drop} addToAll={() => addToAll(tag)} />
      ))}
      {shown.length === 0 && <li class="muted">none</li>}
    </ul>
  );
}

function TagField({ draft }: { draft: TagDraft }) {
  const { typed, fault, take } = draft;
  const { devices } = useApp().model.feed;
  const known = useMemo(() => countTags(devices.values()), []);
  return (
    <div class="inline-form">
      <input
        type="text"
        list="known-tags"
        aria-label="Add tags"
        aria-invalid={fault.value !== ''}
        aria-describedby="tag-fault"
        placeholder="site:north, roof"
        spellcheck={false}
        autocomplete="off"
        value={typed.value}
        onInput={(event) => {
          typed.value = event.currentTarget.value;
          fault.value = '';
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || typed.value.trim() === '') return;
          event.preventDefault();
          take();
        }}
      />
      <button type="button" class="button" disabled={typed.value.trim() === ''} onClick={take}>
        Add
      </button>
      <datalist id="known-tags">
        {known.slice(0, 100).map(({ tag }) => (
          <option key={tag} value={tag} />
        ))}
      </datalist>
    </div>
  );
}

interface ChipProps {
  readonly tag: string;
  readonly count: number;
  readonly of: number;
  drop(tag: string): void;
  addToAll(): void;
}

function TagChip({ tag, count, of, drop, addToAll }: ChipProps) {
  return (
    <li class="tag-chip">
      <span>{tag}</span>
      {count < of && (
        <button type="button" class="chip-part" title="Not all of them have it" onClick={addToAll}>
          {count} of {of}, add to all
        </button>
      )}
      <button type="button" class="chip-gone" aria-label={`Remove ${tag}`} onClick={() => drop(tag)}>
        <span aria-hidden="true">×</span>
      </button>
    </li>
  );
}

interface Edit {
  readonly label: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

async function save(app: App, devices: readonly DeviceRecord[], { label, added, removed }: Edit): Promise<void> {
  const { hub, model } = app;
  const [first] = devices;
  if (devices.length === 1 && first !== undefined) {
    const tags = editTags(first.notes.tags, added, removed);
    applyNotes(model.feed, [{ id: first.id, ...(await hub.setDeviceNotes(first.id, { label: label.trim(), tags })) }]);
  } else if (added.length + removed.length > 0) {
    for (let from = 0; from < devices.length; from += devicesPerCall) {
      const ids = devices.slice(from, from + devicesPerCall).map(({ id }) => id);
      applyNotes(model.feed, await hub.editTags({ devices: ids, add: added, remove: removed }));
    }
  }
  model.structure.value = model.feed.structureVersion;
}
