import { get } from "../api";
import { TIMES } from "../filters";
import { kept, useLoad } from "../load";
import { Listed, type Pages, usePages } from "../paging";
import { Heading } from "../parts";
import { bounds, periodOf } from "../period";
import { to } from "../router";
import { visible, zone } from "../text";
import type { Summary } from "../wire";
import { FILTERS, Filters, totalOf } from "./findings/filters";
import { FindingsTable, type Row, rowOf } from "./findings/table";

const PAGE = 100;

/** All findings, newest first, with filters. */
export function FindingsView({ parameters }: { parameters: URLSearchParams }) {
  const key = listKey(parameters);
  const query = () => asked(parameters);
  const findings = usePages("findings", key, query, "finding", rowOf);
  const { since, until } = bounds(parameters, "all");
  const within = to(null, { since, until, tenantId: parameters.get("tenantId") });
  const summary = useLoad(`summary of ${within}`, (signal) => get<Summary>("summary", within, signal));
  const filtered = FILTERS.some((name) => parameters.has(name)) || periodOf(parameters, "all") !== "all";
  const searched = parameters.get("mailbox") ?? parameters.get("internetMessageId");
  const zoneText = zone() === "UTC" ? "UTC" : `your time zone, ${zone()}`;

  return (
    <>
      <Heading
        tab={searched ? `Findings: ${visible(searched)}` : "Findings"}
        lead={`One row for each failed remediation, newest first. Times are in ${zoneText}.`}
      >
        Findings
      </Heading>
      <Filters parameters={parameters} summary={summary.data} findings={findings} filtered={filtered} />
      <Listed of={findings} what="the findings">
        {(pages) => (
          <FindingsTable
            key={key}
            pages={pages}
            of={findings}
            filtered={filtered}
            total={totalOf(parameters, summary.data)}
            query={query}
          />
        )}
      </Listed>
    </>
  );
}

/** The findings in the list of a URL, as far as they were read. */
export function findingIds(parameters: URLSearchParams): string[] {
  return kept<Pages<Row>>(listKey(parameters))?.rows.map(({ id }) => id) ?? [];
}

/** What the list of a URL is kept as. */
function listKey(parameters: URLSearchParams): string {
  const query = new URLSearchParams();
  for (const name of [...FILTERS, ...TIMES]) {
    const value = parameters.get(name);
    if (value) query.set(name, value);
  }
  return `findings ${query}`;
}

/** The parameters of the request for the first page. */
function asked(parameters: URLSearchParams): URLSearchParams {
  const { since, until } = bounds(parameters, "all");
  const filters = Object.fromEntries(FILTERS.map((name) => [name, parameters.get(name)]));
  return to(null, { ...filters, since, until, fields: "summary", top: String(PAGE) });
}
