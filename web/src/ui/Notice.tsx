import type { ReactNode } from "react";

interface Props {
  readonly icon: ReactNode;
  readonly title: string;
  readonly text: string;
  readonly children?: ReactNode;
  readonly testId?: string;
  readonly alert?: boolean;
}

/** What a page shows in place of content: nothing there yet, or something went wrong. */
export function Notice({ icon, title, text, children, testId, alert = false }: Props) {
  return (
    <div className="notice" role={alert ? "alert" : undefined} data-testid={testId}>
      <div className="notice-icon" aria-hidden>
        {icon}
      </div>
      <h2>{title}</h2>
      <p>{text}</p>
      {children !== undefined && <div className="notice-actions">{children}</div>}
    </div>
  );
}
