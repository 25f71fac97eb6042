import { useMemo, useState } from 'react';
import { dissect, type Field } from '../../view/dissect/dissect';

const ROW = 8;
const MOST_ROWS = 256;

function printable(byte: number): string {
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.';
}

/** Bytes as hex and text, and taken apart; pointing at one side marks the other. */
export function Bytes({ bytes, linkHeader }: { bytes: Uint8Array; linkHeader: boolean }) {
  const [marked, setMarked] = useState<Field | null>(null);
  const { sections } = useMemo(() => (linkHeader ? dissect(bytes) : { sections: [] }), [bytes, linkHeader]);
  const fields = sections.flatMap((section) => section.fields);
  const sectionAt = (at: number): string =>
    sections.find((section) => at >= section.at && at < section.at + section.length)?.protocol ?? 'data';
  const fieldAt = (at: number): Field | null =>
    fields.find((field) => at >= field.at && at < field.at + field.length) ?? null;
  const isMarked = (at: number): boolean => marked !== null && at >= marked.at && at < marked.at + marked.length;
  const rows = Math.min(MOST_ROWS, Math.ceil(bytes.length / ROW));
  return (
    <div className="bytes">
      <p className="inspector-note">
        {bytes.length.toLocaleString('en')} bytes from {linkHeader ? 'the Ethernet header' : 'data'} on
        {linkHeader ? '' : '. Headers are taken apart once they stand in front of it'}.
      </p>
      <section className="hex mono" aria-label="Bytes">
        {Array.from({ length: rows }, (_, row) => {
          const start = row * ROW;
          const line = [...bytes.subarray(start, start + ROW)];
          return (
            <div key={start}>
              <span className="hex-offset">{start.toString(16).padStart(4, '0')}</span>
              <span className="hex-bytes">
                {line.map((byte, i) => (
                  <span
                    // biome-ignore lint/suspicious/noArrayIndexKey: a byte is its offset
                    key={i}
                    className={`hex-${sectionAt(start + i)}`}
                    data-marked={isMarked(start + i)}
                    onPointerEnter={() => setMarked(fieldAt(start + i))}
                  >
                    {byte.toString(16).padStart(2, '0')}
                  </span>
                ))}
              </span>
              <span className="hex-text">{line.map(printable).join('')}</span>
            </div>
          );
        })}
        {bytes.length > rows * ROW && (
          <div className="inspector-note">and {(bytes.length - rows * ROW).toLocaleString('en')} more bytes</div>
        )}
      </section>
      {sections.map((section) => (
        <section key={section.at} className="dissected">
          <h3 className={`panel-title hex-${section.protocol}`}>{section.title}</h3>
          <dl className="fields mono">
            {section.fields.map((field) => (
              <div
                key={`${field.at} ${field.name} ${field.key}`}
                data-part={field.isPart}
                data-marked={field === marked}
                data-problem={field.problem !== undefined}
                onPointerEnter={() => setMarked(field)}
              >
                <dt>{field.name}</dt>
                <dd>{field.text}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  );
}
