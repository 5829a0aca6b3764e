import { TriangleAlert } from "lucide-react";
import { Component, type ReactNode } from "react";
import { Notice } from "../ui/Notice";

interface Props {
  readonly children: ReactNode;
}

/** A page that broke says so, instead of leaving the window empty. */
export class ErrorBoundary extends Component<Props, { readonly broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { readonly broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    return (
      <main className="page list-page">
        <Notice
          alert
          testId="page-error"
          icon={<TriangleAlert size={26} />}
          title="This page ran into an error"
          text="Edits made so far are kept on this device. Loading the page again helps most of the time."
        >
          <button type="button" className="button primary" onClick={() => location.reload()}>
            Load again
          </button>
        </Notice>
      </main>
    );
  }
}
