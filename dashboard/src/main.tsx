import { render } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { address, arrived, go, Link, scrollOf, to, useAddress } from "./address";
import { keepKey, readKey, signIn } from "./api";
import { KeyForm } from "./key";
import { Live } from "./live";
import { forgetAll, whenDenied } from "./load";
import { ThemeChoice } from "./themes";
import { AuditView } from "./views/audit";
import { AuditsView } from "./views/audits";
import { FindingView } from "./views/finding";
import { FindingsView } from "./views/findings";
import { OverviewView } from "./views/overview";
import { RejectedView } from "./views/rejected";

const VIEWS = { overview: "Overview", findings: "Findings", audits: "App health", rejected: "Rejected" };
type View = keyof typeof VIEWS;

function App() {
  const parameters = useAddress();
  const [locked, lock] = useState(false);
  const [, redraw] = useState(0);
  const main = useRef<HTMLElement>(null);
  const view = viewOf(parameters);
  const place = `${view} ${parameters.get("finding") ?? ""} ${parameters.get("audit") ?? ""}`;
  const before = useRef(place);

  useEffect(() => (signIn === "keys" ? whenDenied(() => lock(true)) : undefined), []);
  useEffect(() => {
    document.title = `${parameters.has("finding") ? "Finding" : VIEWS[view]} · Remediation triage`;
  }, [view, parameters]);
  // A browser moves focus and scroll when a page is loaded; within this page that is done here.
  useLayoutEffect(() => {
    if (before.current === place) return;
    before.current = place;
    scrollTo({ top: arrived === "back" ? scrollOf() : 0, behavior: "instant" });
    main.current?.querySelector("h1")?.focus({ preventScroll: true });
  }, [place]);

  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <header class="bar">
        <div class="bar-inner">
          <Link to={to(null)} class="brand">
            Remediation triage
          </Link>
          <nav aria-label="Views">
            {Object.entries(VIEWS).map(([name, label]) => (
              <Link key={name} to={to(name === "overview" ? null : name)} current={view === name}>
                {label}
              </Link>
            ))}
          </nav>
          <div class="bar-end">
            {signIn === "keys" && readKey() && !locked && (
              <button
                type="button"
                class="quiet"
                onClick={() => {
                  keepKey(null);
                  forgetAll();
                  lock(true);
                }}
              >
                Forget the key
              </button>
            )}
            <ThemeChoice />
          </div>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {locked ? (
          <KeyForm
            wrong={readKey() !== null}
            onKey={(key) => {
              keepKey(key);
              forgetAll();
              lock(false);
              redraw((n) => n + 1);
            }}
          />
        ) : (
          <Content view={view} parameters={parameters} />
        )}
      </main>
      <Live />
    </>
  );
}

function Content({ view, parameters }: { view: View; parameters: URLSearchParams }) {
  const finding = parameters.get("finding");
  const audit = parameters.get("audit");
  if (finding) return <FindingView key={finding} id={finding} parameters={parameters} />;
  if (view === "audits" && audit) return <AuditView key={audit} id={audit} />;
  if (view === "findings") return <FindingsView parameters={parameters} />;
  if (view === "audits") return <AuditsView parameters={parameters} />;
  if (view === "rejected") return <RejectedView />;
  return <OverviewView parameters={parameters} />;
}

function viewOf(parameters: URLSearchParams): View {
  if (parameters.has("finding")) return "findings";
  const view = parameters.get("view") ?? "overview";
  return view in VIEWS ? (view as View) : "overview";
}

/** A key that came in the address does not stay there: addresses are shared, and kept. */
function takeKeyFromAddress(): void {
  const parameters = address();
  const key = parameters.get("code");
  if (!key) return;
  if (signIn === "keys") keepKey(key);
  parameters.delete("code");
  go(parameters, true);
}

takeKeyFromAddress();
const page = document.getElementById("page");
if (page) {
  page.replaceChildren();
  render(<App />, page);
}
