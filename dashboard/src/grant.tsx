import { Command } from "./steps";
import { list } from "./text";

/** What grants permissions to the triage identity. */
export function Grant({ permissions }: { permissions: string[] }) {
  const names = [...new Set(permissions)];
  const sets = Object.entries(WORDS.sets).filter(([, of]) => of.some((one) => names.includes(one)));
  const chosen = sets.length ? ` --sets ${sets.map(([set]) => set).join(",")}` : "";
  return (
    <>
      <p>
        The triage identity does not have {list(names.map((name) => <code key={name}>{name}</code>))}. To grant it, a
        Privileged Role Administrator of the tenant runs this in a copy of the repository:
      </p>
      <Command text={`infra/scripts/graph-permissions.sh grant${chosen}`} />
    </>
  );
}
