import { captureFile } from '../../export/capture';
import { chromeTrace } from '../../export/chrome-trace';
import type { Trace } from '../../trace/trace';
import { saveFile } from '../actions';
import { usePage } from '../store/store';
import { Modal } from './Modal';

/** A file name of letters, digits and dashes. */
function nameOf(trace: Trace, preset: string | null): string {
  const { title } = trace.data.scenario as { title?: string };
  return (preset ?? title ?? 'scenario').toLowerCase().replace(/[^a-z0-9.]+/g, '-');
}

/** Files made of the run: captures, the trace, the scenario. */
export default function Export() {
  const trace = usePage((page) => page.trace);
  const source = usePage((page) => page.source);
  const say = usePage((page) => page.say);
  if (trace === null) return null;
  const name = nameOf(trace, source?.preset ?? null);
  const save = (file: string, content: string | Uint8Array<ArrayBuffer>, type: string): void => {
    saveFile(file, content, type);
    say(`${file} saved.`);
  };
  return (
    <Modal title="Export">
      <div className="export-list modal-body">
        <section>
          <h3 className="panel-title">Packets, pcapng (Wireshark, tshark)</h3>
          <p>
            {trace.data.hosts.flatMap((host, number) =>
              (['tap', 'wire'] as const).map((side) => (
                <button
                  key={`${host.name}${side}`}
                  type="button"
                  className="button"
                  onClick={() =>
                    save(
                      `${name}.${host.name}.${side}.pcapng`,
                      new Uint8Array(captureFile(trace, { host: number, dev: 'eth0', side })),
                      'application/x-pcapng',
                    )
                  }
                >
                  Host {host.name}, {side}
                </button>
              )),
            )}
          </p>
          <small className="inspector-note">
            The tap is what a packet socket gets: empty unless the scenario opens a capture.
          </small>
        </section>
        <section>
          <h3 className="panel-title">Trace, JSON (Perfetto, chrome://tracing)</h3>
          <p>
            <button
              type="button"
              className="button"
              onClick={() => save(`${name}.trace.json`, JSON.stringify(chromeTrace(trace)), 'application/json')}
            >
              Functions of all CPUs
            </button>
          </p>
        </section>
        <section>
          <h3 className="panel-title">Scenario, JSON</h3>
          <p>
            <button
              type="button"
              className="button"
              onClick={() =>
                save(
                  `${name}.scenario.json`,
                  source?.text ?? `${JSON.stringify(source?.scenario, null, 2)}\n`,
                  'application/json',
                )
              }
            >
              As it was written
            </button>
            <button
              type="button"
              className="button"
              onClick={() =>
                save(
                  `${name}.full.scenario.json`,
                  `${JSON.stringify(trace.data.scenario, null, 2)}\n`,
                  'application/json',
                )
              }
            >
              With all defaults
            </button>
          </p>
        </section>
      </div>
    </Modal>
  );
}
