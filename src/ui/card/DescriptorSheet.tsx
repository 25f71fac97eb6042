import { useState } from 'react';
import type { CardView } from '../../view/card/card';
import type { DescriptorField } from '../../view/card/descriptor';
import { type RingView, stateWords } from '../../view/card/rings';
import { usePage } from '../store/store';

/** The chosen descriptor of each ring (else the one where things happen), byte by byte. */
export function DescriptorSheet({
  card,
  chosen,
  queue,
}: {
  card: CardView;
  chosen: ReadonlyMap<number, number>;
  queue: number;
}) {
  const rings = card.rings.filter((ring) => ring.queue === queue && ring.count > 0);
  const picked = rings.filter((ring) => chosen.has(ring.id));
  const shown = picked.length > 0 ? picked : rings;
  return (
    <>
      {picked.length === 0 && <p className="inspector-note">Choose a descriptor in the drawing to keep it here.</p>}
      {shown.map((ring) => (
        <OneDescriptor key={ring.id} ring={ring} index={chosen.get(ring.id) ?? ring.focus} />
      ))}
    </>
  );
}

function OneDescriptor({ ring, index }: { ring: RingView; index: number }) {
  const select = usePage((page) => page.select);
  const [marked, setMarked] = useState<DescriptorField | null>(null);
  const { bytes, descriptor, state, skb, object } = ring.row(index);
  const address = `0x${(ring.base + index * 16).toString(16)}`;
  const fieldAt = (at: number): DescriptorField | null =>
    descriptor.fields.find((field) => at >= field.at && at < field.at + field.length) ?? null;
  return (
    <section className="carddescriptor" aria-label={`${ring.direction} descriptor ${index}`}>
      <h3 className="panel-title">
        {ring.direction} descriptor {index}: {stateWords(ring.direction, state)}
      </h3>
      <p className="carddoc">
        {descriptor.kind === 'receive' ? 'receive' : `${descriptor.kind} transmit`} descriptor at {address}
        {skb !== 0 && (
          <>
            {', of '}
            <button type="button" className="link mono" onClick={() => select(skb)}>
              sk_buff #{skb}
            </button>
          </>
        )}
        {object !== 0 && (
          <>
            {'; '}
            <button type="button" className="link" onClick={() => select(object)}>
              the driver’s record
            </button>
          </>
        )}
      </p>
      <p className="cardhex mono">
        {[...bytes].map((byte, at) => {
          const field = fieldAt(at);
          return (
            <span
              // biome-ignore lint/suspicious/noArrayIndexKey: a byte is its offset
              key={at}
              data-marked={field !== null && field === marked}
              onPointerEnter={() => setMarked(field)}
            >
              {byte.toString(16).padStart(2, '0')}
            </span>
          );
        })}
      </p>
      <dl className="cardregisters">
        {descriptor.fields.map((field) => (
          <div
            key={field.name}
            data-marked={field.name === marked?.name}
            onPointerEnter={() => setMarked(field)}
            onPointerLeave={() => setMarked(null)}
          >
            <dt className="mono">{field.name}</dt>
            <dd className="mono">{field.text}</dd>
            <dd className="carddoc">
              {field.length === 1 ? `byte ${field.at}` : `bytes ${field.at} to ${field.at + field.length - 1}`}:{' '}
              {field.doc}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
