/** The cluster for a new job; null: none is registered yet. `unknownRoute`: the caller named one that does not exist. */
export type ClusterChoice = { cluster: string | null } | { unknownRoute: true };

/** Chooses the cluster for a job: the one its `route` names, else the first by id, so that equal requests go to one place. */
export function chooseCluster(clusters: readonly string[], route: string): ClusterChoice {
  if (route !== "") return clusters.includes(route) ? { cluster: route } : { unknownRoute: true };
  const first = clusters.reduce<string | null>((least, id) => (least === null || id < least ? id : least), null);
  return { cluster: first };
}
