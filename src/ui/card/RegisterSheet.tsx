import type { CardView } from '../../view/card/card';

/** The register file: values, their bits by name, and what each register is for. What the step changed is marked. */
export function RegisterSheet({ card, queue }: { card: CardView; queue: number }) {
  const own = card.queues[queue];
  return (
    <>
      {[...(own === undefined ? [] : [own]), ...card.registers].map(({ title, rows }) => (
        <section key={title} aria-label={`Registers: ${title}`}>
          <h3 className="panel-title">{title}</h3>
          <dl className="cardregisters">
            {rows.map(({ name, value, means, bits, doc, changed }) => (
              <div key={name} data-changed={changed}>
                <dt className="mono">{name}</dt>
                <dd className="mono">
                  {value}
                  {means !== '' && <span className="cardmeans"> {means}</span>}
                </dd>
                {bits.length > 0 && (
                  <dd className="cardbits mono">
                    {bits.map((bit) => (
                      <span key={bit.name} data-on={bit.on}>
                        {bit.name}
                      </span>
                    ))}
                  </dd>
                )}
                <dd className="carddoc">{doc}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </>
  );
}
