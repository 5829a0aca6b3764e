import { FileQuestion } from "lucide-react";
import { lazy, Suspense, useEffect } from "react";
import { ListPage } from "../list/ListPage";
import { Link } from "../ui/Link";
import { Notice } from "../ui/Notice";
import { Toasts } from "../ui/Toasts";
import { TooltipLayer } from "../ui/TooltipLayer";
import { ErrorBoundary } from "./ErrorBoundary";
import { useRoute } from "./router";

const loadNotePage = () => import("../note/NotePage");
const NotePage = lazy(loadNotePage);

export function App() {
  const route = useRoute();

  useEffect(() => {
    // The editor comes while the list is being read, so that a note opens at once.
    const timer = setTimeout(() => void loadNotePage().catch(() => undefined), 1_500);
    return () => clearTimeout(timer);
  }, []);

  return (
    <>
      <ErrorBoundary key={route.page === "note" ? route.id : route.page}>
        {route.page === "list" && <ListPage />}
        {route.page === "note" && (
          <Suspense fallback={null}>
            <NotePage id={route.id} />
          </Suspense>
        )}
        {route.page === "missing" && <Missing />}
      </ErrorBoundary>
      <Toasts />
      <TooltipLayer />
    </>
  );
}

function Missing() {
  return (
    <main className="page list-page">
      <Notice
        testId="not-found"
        icon={<FileQuestion size={26} />}
        title="There is no such page"
        text="The address may be cut off or mistyped."
      >
        <Link className="button primary" href="/">
          All notes
        </Link>
      </Notice>
    </main>
  );
}
