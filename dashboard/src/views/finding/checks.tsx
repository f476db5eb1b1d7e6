import { OutcomeMark } from "../../marks";
import { Untrusted, valueText, Why } from "../../text";
import type { Check } from "../../wire";

/** The questions about the failure and their answers. */
export function Checks({ checks }: { checks: Check[] }) {
  return (
    <ol class="checks">
      {checks.map((check, index) => (
        <li key={index} class={`check check-${check.outcome}`}>
          <p class="question">
            <span>{check.question}</span> <OutcomeMark check={check} />
          </p>
          {check.reason && (
            <p>
              <Why reason={check.reason} permission={check.permission} />
            </p>
          )}
          <Observed check={check} />
          {check.request && <Request check={check} request={check.request} />}
        </li>
      ))}
    </ol>
  );
}

/** What was observed. The mark of the outcome says whether anything was found. */
function Observed({ check }: { check: Check }) {
  const values = Object.entries(check.observed).filter(([name]) => name !== "found" || check.kind !== "fact");
  if (!values.length) return null;
  return (
    <dl class="observed">
      {values.map(([name, value]) => (
        <div key={name}>
          <dt>{name === "why" ? "Why" : <Untrusted text={name} />}</dt>
          <dd>
            <Untrusted text={valueText(value)} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A request to Graph and its result: the path, and the whole request when it is opened. */
function Request({ check, request }: { check: Check; request: string }) {
  const [path = ""] = request.split("?");
  const result = [check.status, check.errorCode].filter((part) => part !== null).join(" ");
  return (
    <details class="request">
      <summary>
        <code>
          <Untrusted text={path} />
        </code>
        {result && (
          <>
            {" → "}
            <Untrusted text={result} />
          </>
        )}
      </summary>
      <pre tabIndex={0} role="group" aria-label="Request">
        <Untrusted text={request} />
      </pre>
    </details>
  );
}
