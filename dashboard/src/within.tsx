// One item of a list: the way back to the list, and to the items before and after it.

import { useKeys } from "./keys";
import { currentParameters, go, goUp, StepLink, UpLink } from "./router";

interface WithinProps {
  /** The parameter that names the item: "finding". */
  item: string;
  /** The view of the list, and what it is called. */
  view: string;
  label: string;
  parameters: URLSearchParams;
  /** The IDs in the list of a URL, as far as they were read. */
  ids: (parameters: URLSearchParams) => string[];
  reload: () => void;
}

export function Within({ item, view, label, parameters, ids, reload }: WithinProps) {
  const list = new URLSearchParams(parameters);
  list.delete(item);
  list.set("view", view);
  const beside = (from: URLSearchParams, by: 1 | -1) => {
    const all = ids(from);
    const now = all.indexOf(from.get(item) ?? "");
    const other = now < 0 ? undefined : all[now + by];
    if (!other) return undefined;
    const target = new URLSearchParams(from);
    target.set(item, other);
    return target;
  };
  // From the URL, not from the last redraw: two keys can come before the next one.
  const step = (by: 1 | -1) => () => {
    const target = beside(currentParameters(), by);
    if (target) go(target, true);
  };
  useKeys({ j: step(1), k: step(-1), u: () => goUp(list), r: reload });
  const previous = beside(parameters, -1);
  const next = beside(parameters, 1);
  return (
    <div class="above">
      <UpLink to={list}>{label}</UpLink>
      {(previous ?? next) && (
        <p class="neighbours">
          {previous && <StepLink to={previous}>Previous</StepLink>}
          {next && <StepLink to={next}>Next</StepLink>}
        </p>
      )}
    </div>
  );
}
