/** A button of a drawing's toolbar that is on or off. */
export function Toggle({
  on,
  onClick,
  label,
  hint,
}: {
  on: boolean;
  onClick: () => void;
  label: string;
  hint: string;
}) {
  return (
    <button type="button" className="tool" aria-pressed={on} onClick={onClick} title={hint}>
      {label}
    </button>
  );
}
