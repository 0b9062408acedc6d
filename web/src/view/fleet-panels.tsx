/** What opens over the fleet when asked for: columns, saved views, label and tags. Loaded then. Owns nothing. */
import type { ComponentChildren } from 'preact';
import type { FleetRoute } from '../core/app-route.ts';
import type { TableColumn } from '../core/fleet-columns.ts';
import '../style/fleet-panels.css';
import { Dialogue } from './dialogue.tsx';
import { ColumnPicker } from './fleet-column-picker.tsx';
import { FleetEditor } from './fleet-editor.tsx';
import type { FleetPanel } from './fleet-tools.tsx';
import { ViewList } from './fleet-views.tsx';

export interface PanelProps {
  readonly panel: FleetPanel;
  readonly route: FleetRoute;
  readonly columns: readonly TableColumn[];
  close(): void;
}

export function FleetPanels(props: PanelProps) {
  const { panel, route, columns, close } = props;
  if (panel.kind === 'columns') {
    return (
      <Panel title="Columns" close={close}>
        <ColumnPicker route={route} columns={columns} close={close} />
      </Panel>
    );
  }
  if (panel.kind === 'views') {
    return (
      <Panel title="Saved views" close={close}>
        <ViewList route={route} close={close} />
      </Panel>
    );
  }
  return (
    <Panel title={panel.ids.length === 1 ? panel.ids[0]! : `${panel.ids.length} devices`} close={close}>
      <FleetEditor key={panel.ids.join()} ids={panel.ids} close={close} />
    </Panel>
  );
}

function Panel({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  return (
    <Dialogue name={title} look="overlay fleet-panel" close={close}>
      <div class="fleet-panel-body">
        <h2>{title}</h2>
        {children}
      </div>
    </Dialogue>
  );
}
