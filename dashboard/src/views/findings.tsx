import { get } from "../api";
import { useLoad } from "../load";
import { usePages } from "../paging";
import { Heading } from "../parts";
import { bounds, periodOf } from "../period";
import { Shown } from "../shown";
import { zone } from "../text";
import type { Summary } from "../wire";
import { FILTERS, Filters } from "./findings/filters";
import { FindingsTable, rowOf } from "./findings/table";

const PAGE = 100;
const TIMES = ["period", "since", "until"];

/** All findings, newest first, with filters. */
export function FindingsView({ parameters }: { parameters: URLSearchParams }) {
  const query = queryOf(parameters);
  const key = `findings ${query}`;
  const findings = usePages("findings", key, () => withBounds(query, parameters), "finding", rowOf);
  const causes = useLoad("causes", (signal) => get<Summary>("summary", undefined, signal));
  const invalid = findings.error?.status === 400 ? findings.error : undefined;
  const filtered = FILTERS.some((name) => parameters.has(name)) || periodOf(parameters, "all") !== "all";
  const zoneText = zone() === "UTC" ? "UTC" : `your time zone, ${zone()}`;

  return (
    <>
      <Heading tab="Findings" lead={`One row for each failed remediation, newest first. Times are in ${zoneText}.`}>
        Findings
      </Heading>
      <Filters
        parameters={parameters}
        causes={Object.keys(causes.data?.byCause ?? {})}
        error={invalid}
        filtered={filtered}
      />
      {!invalid && (
        <Shown of={findings} what="the findings">
          {(pages) => <FindingsTable key={key} pages={pages} of={findings} filtered={filtered} />}
        </Shown>
      )}
    </>
  );
}

/** The filters of a URL, in one order, as text. */
function queryOf(parameters: URLSearchParams): string {
  const query = new URLSearchParams();
  for (const name of [...FILTERS, ...TIMES]) {
    const value = parameters.get(name);
    if (value) query.set(name, value);
  }
  return query.toString();
}

/** The parameters of the request for the first page. */
function withBounds(query: string, parameters: URLSearchParams): URLSearchParams {
  const asked = new URLSearchParams(query);
  for (const name of TIMES) asked.delete(name);
  const { since, until } = bounds(parameters, "all");
  if (since) asked.set("since", since);
  if (until) asked.set("until", until);
  asked.set("top", String(PAGE));
  return asked;
}
