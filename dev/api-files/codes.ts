/** A code with its name, and when it is answered. */
export type Code = { code: string; name: string; when: string };

/** The codes that a response's description lists: `104 VerifyJobError: when.`, one behind the other. */
export function codesIn(description: string): Code[] {
  return description.split(/(?<=\.) (?=\d{3} \w+: )/).flatMap((sentence) => {
    const [, code, name, when] = /^(\d{3}) (\w+): (.*)$/.exec(sentence) ?? [];
    return code === undefined || name === undefined || when === undefined ? [] : [{ code, name, when }];
  });
}
