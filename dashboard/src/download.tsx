import { useState } from "preact/hooks";
import { type ApiError, csv } from "./api";
import { announce } from "./live";
import { errorOf } from "./load";
import { Problem } from "./shown";

interface DownloadProps {
  path: string;
  /** The parameters of the list's first page. */
  query: () => URLSearchParams;
  /** The beginning of the file's name. */
  name: string;
}

/** The button that saves everything that a list has, with its filters, as CSV. A link could not send the key. */
export function Download({ path, query, name }: DownloadProps) {
  const [running, run] = useState(false);
  const [error, setError] = useState<ApiError>();
  const start = async () => {
    run(true);
    setError(undefined);
    try {
      const asked = query();
      for (const one of ["top", "fields"]) asked.delete(one);
      const url = URL.createObjectURL(await csv(path, asked));
      const link = document.createElement("a");
      link.href = url;
      link.download = `${name}-${new Date().toISOString().slice(0, 16).replace(/\D/g, "")}.csv`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      announce("The CSV file was saved.");
    } catch (reason) {
      setError(errorOf(reason));
    } finally {
      run(false);
    }
  };
  return (
    <>
      <button type="button" class="quiet" disabled={running} onClick={() => void start()}>
        {running ? "Saving…" : "CSV of this list"}
      </button>
      {error && <Problem error={error} what="the CSV file" />}
    </>
  );
}
