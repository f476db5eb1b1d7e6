import { render } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { keepKey, readKey, signIn } from "./api";
import { handOver, takeOver, withdraw } from "./hand-over";
import { KeyForm } from "./key-form";
import { KeyHelp, useKeys } from "./keys";
import { Live } from "./live";
import { forgetAll, whenUnauthorized } from "./load";
import { APP } from "./parts";
import { arrived, currentParameters, go, Link, rememberedScroll, to, useParameters } from "./router";
import { TenantPicker } from "./tenant-picker";
import { Tenants } from "./tenants";
import { ThemeChoice } from "./theme-choice";
import { AuditView } from "./views/audit";
import { AuditsView } from "./views/audits";
import { CoverageView } from "./views/coverage";
import { ScanView } from "./views/coverage/scan";
import { ExposuresView } from "./views/exposures";
import { FeedsView } from "./views/feeds";
import { FindingView } from "./views/finding";
import { FindingsView } from "./views/findings";
import { IncidentView } from "./views/incident";
import { IncidentsView } from "./views/incidents";
import { OverviewView } from "./views/overview";
import { TenantView } from "./views/tenant";
import { RejectedView } from "./views/rejected";

const VIEWS = {
  overview: "Overview",
  incidents: "Incidents",
  findings: "Findings",
  audits: "App health",
  coverage: "Coverage",
  feeds: "Feeds",
  rejected: "Rejected",
};
const HIDDEN_VIEWS = { exposures: "overview", tenant: "tenant" } as const; // not in the navigation, where they belong to another view
/** The parameters of which each names one thing, with a page of its own. */
const ITEMS = ["finding", "incident", "audit", "scan", "tenant"];
type View = keyof typeof VIEWS | keyof typeof HIDDEN_VIEWS;

function App() {
  const parameters = useParameters();
  const [locked, lock] = useState(false);
  const main = useRef<HTMLElement>(null);
  const view = viewOf(parameters);
  const place = [view, ...ITEMS.map((item) => parameters.get(item))].join(" ");
  const before = useRef(place);

  useKeys({ h: () => go(new URLSearchParams()), "/": search });
  useEffect(() => (signIn === "keys" ? whenUnauthorized(() => lock(true)) : undefined), []);
  // A browser sets focus and scroll when it loads a page. Within this page, this does.
  useLayoutEffect(() => {
    if (before.current === place) return;
    before.current = place;
    scrollTo({ top: arrived === "back" ? rememberedScroll() : 0, behavior: "instant" });
    main.current?.querySelector("h1")?.focus({ preventScroll: true });
  }, [place]);

  useLayoutEffect(() => {
    // On a narrow screen the navigation is scrolled. scrollIntoView would also move where the next Tab starts.
    const link = document.querySelector<HTMLElement>("nav [aria-current]");
    const nav = link?.parentElement;
    if (nav) nav.scrollLeft = link.offsetLeft - nav.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2;
  }, [view]);

  const changeKey = (key: string | null) => {
    keepKey(key);
    forgetAll();
    lock(key === null);
    if (key === null) withdraw();
  };
  useEffect(() => handOver(() => changeKey(null)), []);
  const page = (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to main content
      </a>
      <header class="bar">
        <div class="bar-inner">
          <Link to={to(null)} class="brand">
            {APP}
          </Link>
          <nav aria-label="Views">
            {Object.entries(VIEWS).map(([name, label]) => (
              <Link
                key={name}
                to={to(name === "overview" ? null : name)}
                current={(HIDDEN_VIEWS as Record<string, string>)[view] === name || view === name}
              >
                {label}
              </Link>
            ))}
          </nav>
          <div class="bar-end">
            {signIn === "keys" && readKey() && !locked && (
              <button type="button" class="quiet" onClick={() => changeKey(null)}>
                Forget key
              </button>
            )}
            <TenantPicker parameters={parameters} />
            <ThemeChoice />
          </div>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {locked ? (
          <KeyForm rejected={readKey() !== null} onKey={changeKey} />
        ) : (
          <Content view={view} parameters={parameters} />
        )}
      </main>
      <KeyHelp />
      <Live />
    </>
  );
  return locked ? page : <Tenants>{page}</Tenants>;
}

function Content({ view, parameters }: { view: View; parameters: URLSearchParams }) {
  const finding = parameters.get("finding");
  const audit = parameters.get("audit");
  const incident = parameters.get("incident");
  const tenant = parameters.get("tenant");
  const scan = parameters.get("scan");
  if (finding) return <FindingView key={finding} id={finding} parameters={parameters} />;
  if (incident) return <IncidentView key={incident} id={incident} parameters={parameters} />;
  if (tenant) return <TenantView key={tenant} id={tenant} />;
  if (view === "incidents") return <IncidentsView parameters={parameters} />;
  if (view === "exposures") return <ExposuresView parameters={parameters} />;
  if (view === "audits" && audit) return <AuditView key={audit} id={audit} />;
  if (view === "coverage" && scan) return <ScanView key={scan} id={scan} parameters={parameters} />;
  if (view === "coverage") return <CoverageView />;
  if (view === "feeds") return <FeedsView />;
  if (view === "findings") return <FindingsView parameters={parameters} />;
  if (view === "audits") return <AuditsView parameters={parameters} />;
  if (view === "rejected") return <RejectedView />;
  return <OverviewView parameters={parameters} />;
}

function viewOf(parameters: URLSearchParams): View {
  if (parameters.has("finding")) return "findings";
  if (parameters.has("incident")) return "incidents";
  if (parameters.has("tenant")) return "tenant";
  const view = parameters.get("view") ?? "overview";
  return Object.hasOwn({ ...VIEWS, ...HIDDEN_VIEWS }, view) ? (view as View) : "overview";
}

/** Goes to the search field: that of the view, or that of the findings. */
function search(): void {
  const field = () => document.querySelector<HTMLElement>("main search input[type=search]");
  if (!field()) go(to("findings"));
  setTimeout(() => field()?.focus()); // after the view is drawn
}

/** Takes a function key out of the URL: URLs are shared and logged. */
function takeKeyFromUrl(): void {
  const parameters = currentParameters();
  const key = parameters.get("code");
  if (!key) return;
  if (signIn === "keys") keepKey(key);
  parameters.delete("code");
  go(parameters, true);
}

takeKeyFromUrl();
await takeOver();
const page = document.getElementById("page");
if (page) {
  page.replaceChildren();
  render(<App />, page);
}
