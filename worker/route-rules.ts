/**
 * Whether a route changes jobs: each read also answers GET (contract, part 2). While the installation drains, these are refused;
 * clusters can still be managed.
 */
export function changesJobs(verbs: readonly string[], path: string): boolean {
  return path.startsWith("/api/") && !path.startsWith("/api/cluster/") && !verbs.includes("GET");
}
