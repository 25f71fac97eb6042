import { type ReactNode, useRef } from 'react';

/** A labelled select that gives the focus back after a choice by pointer, so that the arrow keys step again. */
export function Choice({
  label,
  name,
  value,
  onChoose,
  children,
}: {
  /** Short, beside it. */
  label: string;
  /** What it chooses, for who cannot see where it stands. */
  name: string;
  value: string | number;
  onChoose: (value: string) => void;
  children: ReactNode;
}) {
  const byPointer = useRef(false);
  return (
    <label className="transport-choice">
      <span aria-hidden="true">{label}</span>
      <select
        aria-label={name}
        value={value}
        onPointerDown={() => {
          byPointer.current = true;
        }}
        onKeyDown={() => {
          byPointer.current = false;
        }}
        onChange={(event) => {
          onChoose(event.target.value);
          if (byPointer.current) event.target.blur();
        }}
      >
        {children}
      </select>
    </label>
  );
}
