// A tab that is opened beside another one takes the key from it. The key goes from tab to tab of this origin only, and is
// gone with the last one.

import { keepKey, readKey, signIn } from "./api";

type Message = { ask: true } | { key: string | null };

const channel = signIn === "keys" && "BroadcastChannel" in self ? new BroadcastChannel("functions-key") : undefined;

const WAIT_MS = 150;

/** Asks other tabs for the key. Resolves when one gave it, or after a moment. */
export async function takeOver(): Promise<void> {
  if (!channel || readKey()) return;
  await new Promise<void>((resolve) => {
    setTimeout(resolve, WAIT_MS);
    channel.addEventListener("message", ({ data }: MessageEvent<Message>) => {
      if (!("key" in data) || !data.key) return;
      keepKey(data.key);
      resolve();
    });
    channel.postMessage({ ask: true } satisfies Message);
  });
}

/** Gives the key to tabs that ask for it, and calls `forgotten` if another tab withdraws it. */
export function handOver(forgotten: () => void): () => void {
  const hear = ({ data }: MessageEvent<Message>) => {
    const key = readKey();
    if ("ask" in data && key) channel?.postMessage({ key } satisfies Message);
    if ("key" in data && data.key === null && key) forgotten();
  };
  channel?.addEventListener("message", hear);
  return () => channel?.removeEventListener("message", hear);
}

/** Lets the other tabs forget the key. */
export function withdraw(): void {
  channel?.postMessage({ key: null } satisfies Message);
}
