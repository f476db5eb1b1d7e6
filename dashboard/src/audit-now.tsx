import { Act } from "./act";
import { post } from "./api";
import { words } from "./text";
import type { Audit, Page } from "./wire";

/** The button that audits one tenant, or all tenants. */
export function AuditNow({ tenantId, done }: { tenantId?: string; done: (audits: Audit[]) => void }) {
  const act = async () => {
    const { value } = await post<Page<Audit>>("audits", tenantId ? { tenantId } : {});
    done(value);
    return `Audit finished: ${value.map((audit) => words(audit.verdict)).join(", ")}.`;
  };
  const ask = {
    title: tenantId ? "Audit this tenant now?" : "Audit all tenants now?",
    text: "The app, its permissions and its credentials are read again from Microsoft Graph and saved as a new audit. Nothing in the tenant changes.",
  };
  return <Act label="Audit now" busy="Auditing…" ask={ask} act={act} what="the audit" />;
}
