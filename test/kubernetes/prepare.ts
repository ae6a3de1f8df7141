import type { Progress } from "./binaries/cache.ts";
import { debianPrograms } from "./binaries/debian.ts";
import { kubernetesPrograms } from "./binaries/kubernetes.ts";
import { missingForRealNode } from "./real/requirements.ts";

/**
 * Once before all files of the suite, so that none of them builds inside a test's time: makes the programs, which takes minutes on a
 * new machine. Where this machine can't, or can't run a real node, everything ends here: nothing of the suite is skipped silently.
 */
export default async function prepare(): Promise<void> {
  const say: Progress = (line) => console.log(`kubernetes: ${line}`);
  try {
    const missing = await missingForRealNode();
    if (missing !== null) throw new Error(missing);
    await kubernetesPrograms(say);
    await debianPrograms(say);
  } catch (error) {
    // Thrown on, vitest would say that it found no test files, and bury the sentence in its own stack.
    console.error(`kubernetes: error: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
