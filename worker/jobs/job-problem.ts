import { shown, valueAt } from "./sentences.ts";

/** Where in a Job something stands. */
export type Path = readonly (string | number)[];

/** What is wrong in a patched Job: where, and the end of a sentence that begins with the field and its value. */
export type JobProblem = {
  path: Path;
  problem: string;
  /** The value says nothing, or is not to be repeated. */
  hidden?: boolean;
};

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A path as people write it: `spec.template.spec.containers[0].ports`, keys that are no words in quotes. */
function pathText(path: Path): string {
  return path
    .map((part) => {
      if (typeof part === "number") return `[${part}]`;
      return PLAIN_KEY.test(part) ? `.${part}` : `[${shown(part)}]`;
    })
    .join("")
    .replace(/^\./, "");
}

/** A problem's sentence: the field below `prefix`, its value where that is short and no secret can be in it, what is wrong. */
export function problemSentence(prefix: string, problem: JobProblem, root: unknown): string {
  const field = problem.path.length === 0 ? prefix : `${prefix}.${pathText(problem.path)}`.replace(".[", "[");
  const value = problem.hidden || isSecret(problem.path) ? undefined : valueAt(root, problem.path);
  const isScalar = value !== undefined && (typeof value !== "object" || value === null);
  return [field, ...(isScalar ? [shown(value)] : []), problem.problem].join(" ");
}

/** An environment variable's value, and what annotations hold, is not repeated in sentences. */
function isSecret(path: Path): boolean {
  const isAnnotation = path.includes("annotations") && path.at(-1) !== "annotations";
  return isAnnotation || path.some((part, index) => part === "env" && path[index + 2] === "value");
}
