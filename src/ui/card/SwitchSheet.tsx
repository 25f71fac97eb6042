import type { CardView } from '../../view/card/card';
import { span } from '../../view/stage/read';
import { Switches } from '../panels/Switches';
import { usePage } from '../store/store';

/** The card's switches, and what the interrupt unit has pending. */
export function SwitchSheet({ card }: { card: CardView }) {
  const { interrupts, name } = card;
  const edit = usePage((page) => page.edit);
  const running = usePage((page) => page.run !== null);
  return (
    <>
      <Switches switches={card.switches} settings={card.settings} />
      {card.settings.length > 0 && (
        <p className="cardhang">
          <button
            type="button"
            className="button small"
            disabled={running || card.tx.hung}
            onClick={() => edit({ op: 'hang', host: card.hostName, dev: name })}
            title="The transmit engine stands still from this moment on, until the driver resets the card"
          >
            {card.tx.hung ? 'The card hangs' : 'Let the card hang'}
          </button>
        </p>
      )}
      {interrupts.vectors.length > 0 && (
        <section aria-label="Interrupt vectors">
          <h3 className="panel-title">Interrupt vectors (MSI-X)</h3>
          <table className="cardcauses">
            <thead>
              <tr>
                <th scope="col">vector</th>
                <th scope="col">EICR</th>
                <th scope="col">EIMS</th>
                <th scope="col">sent</th>
                <th scope="col">throttle</th>
              </tr>
            </thead>
            <tbody>
              {interrupts.vectors
                .filter(({ enabled, count }) => enabled || count > 0)
                .map(({ index, name: vector, pending, enabled, count, throttle }) => (
                  <tr key={index} data-raises={pending && enabled}>
                    <th scope="row" className="mono">
                      {index} {vector}
                    </th>
                    <td className="mono">{pending ? 1 : 0}</td>
                    <td className="mono">{enabled ? 1 : 0}</td>
                    <td className="mono">{count}</td>
                    <td>
                      {throttle.left > 0
                        ? `${span(throttle.left)} to go`
                        : throttle.of > 0
                          ? span(throttle.of)
                          : 'none'}
                    </td>
                  </tr>
                ))}
            </tbody>
          </table>
        </section>
      )}
      <section aria-label="Interrupt causes">
        <h3 className="panel-title">Interrupt causes</h3>
        <table className="cardcauses">
          <thead>
            <tr>
              <th scope="col">cause</th>
              <th scope="col" title="interrupt cause register: it has come">
                ICR
              </th>
              <th scope="col" title="interrupt mask: it may interrupt">
                IMS
              </th>
              <th scope="col">meaning</th>
            </tr>
          </thead>
          <tbody>
            {interrupts.causes.map(({ name, doc, pending, enabled }) => (
              <tr key={name} data-raises={pending && enabled}>
                <th scope="row" className="mono">
                  {name}
                </th>
                <td className="mono">{pending ? 1 : 0}</td>
                <td className="mono">{enabled ? 1 : 0}</td>
                <td>{doc}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}
