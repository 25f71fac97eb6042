import { Component, type ReactNode } from 'react';
import { usePage } from '../store/store';

interface Props {
  readonly name: string;
  readonly children: ReactNode;
}

/** Keeps a panel that breaks from taking the page with it; it is tried again at the next step. */
export class Boundary extends Component<Props, { message: string | null }> {
  override state: { message: string | null } = { message: null };
  private forget: (() => void) | null = null;

  static getDerivedStateFromError(error: unknown): { message: string } {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override componentDidMount(): void {
    this.forget = usePage.subscribe((page, before) => {
      if (page.step === before.step && page.trace === before.trace) return;
      if (this.state.message !== null) this.setState({ message: null });
    });
  }

  override componentWillUnmount(): void {
    this.forget?.();
  }

  override render(): ReactNode {
    const { message } = this.state;
    if (message === null) return this.props.children;
    return (
      <div className="side" role="alert">
        <h2 className="panel-title">{this.props.name} cannot show this step</h2>
        <p>{message}</p>
      </div>
    );
  }
}
