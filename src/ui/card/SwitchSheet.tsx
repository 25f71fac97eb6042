import type { CardView } from '../../view/card/card';
import { Switches } from '../panels/Switches';

/** The card's switches, and what the interrupt unit has pending. */
export function SwitchSheet({ card }: { card: CardView }) {
  const { interrupts } = card;
  return (
    <>
      <Switches switches={card.switches} />
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
