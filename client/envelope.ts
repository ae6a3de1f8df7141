/** What every call answers. */
export type Envelope<Answered> = { code: number; cause: string; error_msg: string; data: Answered };

/** Null where it is no envelope: a proxy's page, say. Its data is what the document says of the path, unchecked here. */
export function envelopeOf<Answered>(text: string): Envelope<Answered> | null {
  try {
    const value: Envelope<Answered> | null = JSON.parse(text);
    return typeof value?.code === "number" ? value : null;
  } catch {
    return null;
  }
}
