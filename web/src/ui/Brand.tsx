import { Link } from "./Link";

export function Brand() {
  return (
    <Link href="/" className="brand" aria-label="Collab, all notes">
      <img src="/favicon.svg" width="26" height="26" alt="" />
      <span>Collab</span>
    </Link>
  );
}
