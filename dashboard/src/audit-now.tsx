import { useState } from "preact/hooks";
import { type ApiError, mayWrite, post } from "./api";
import { announce } from "./live";
import { errorOf } from "./load";
import { Confirm, ReadOnly } from "./parts";
import { Problem } from "./shown";
import { words } from "./text";
import type { Audit, Page } from "./wire";

/** The button that audits one tenant, or all tenants. */
export function AuditNow({ tenantId, done }: { tenantId?: string; done: (audits: Audit[]) => void }) {
  const [asking, ask] = useState(false);
  const [running, run] = useState(false);
  const [error, setError] = useState<ApiError>();
  const start = async () => {
    run(true);
    setError(undefined);
    announce("The audit is running.");
    try {
      const { value } = await post<Page<Audit>>("audits", tenantId ? { tenantId } : {});
      announce(`Audit finished: ${value.map((audit) => words(audit.verdict)).join(", ")}.`);
      done(value);
    } catch (reason) {
      setError(errorOf(reason));
    } finally {
      run(false);
    }
  };
  if (!mayWrite) return <ReadOnly />;
  return (
    <div class="do">
      <button type="button" class="primary" disabled={running} onClick={() => ask(true)}>
        {running ? "Auditing…" : "Audit now"}
      </button>
      {error && <Problem error={error} what="the audit" />}
      {asking && (
        <Confirm
          title={tenantId ? "Audit this tenant now?" : "Audit all tenants now?"}
          yes="Audit now"
          onYes={() => void start()}
          onNo={() => ask(false)}
        >
          The app, its permissions and its credentials are read again from Microsoft Graph and saved as a new audit.
          Nothing in the tenant changes.
        </Confirm>
      )}
    </div>
  );
}
