interface Props {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  /** Why what was typed was refused; null if it was not. */
  readonly problem: string | null;
  readonly onChange: (typed: string) => void;
}

/** A web address that somebody types, with what is wrong with it. */
export function AddressField({ id, label, value, problem, onChange }: Props) {
  const wrong = problem !== null;
  return (
    <>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="url"
        inputMode="url"
        autoComplete="off"
        placeholder="https://"
        value={value}
        aria-invalid={wrong}
        aria-describedby={wrong ? `${id}-wrong` : undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      {wrong && (
        <p id={`${id}-wrong`} className="field-problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}
