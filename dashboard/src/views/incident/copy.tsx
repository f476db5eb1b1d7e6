import { Copy } from "../../copy";
import { announce } from "../../live";
import { useTenantName } from "../../tenants";
import { incidentTicket } from "../../ticket";
import type { Incident } from "../../wire";

/** The button that copies an incident as text. */
export function CopyIncident({ incident }: { incident: Incident }) {
  const tenant = useTenantName(incident.tenantId);
  const notAllowed = () => {
    announce("The browser does not allow copying.");
    return "Copying is not allowed";
  };
  return (
    <Copy class="small" text={() => incidentTicket(incident, tenant)} what="text" otherwise={notAllowed}>
      Copy for a ticket
    </Copy>
  );
}
