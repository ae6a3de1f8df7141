import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { KubeObject } from "../../../../dev/cluster/api/json.ts";
import { namespaces, resources } from "../../../../dev/cluster/api/resources.ts";
import { openStorage } from "../../../../dev/cluster/api/storage.ts";
import { type Change, Store } from "../../../../dev/cluster/api/store.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "watchbell-store-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(): Store {
  return new Store(openStorage(join(folder, "objects.db")), resources);
}

function named(name: string): KubeObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

test("versions rise over writes, removals and restarts", () => {
  const first = open();
  first.put(namespaces, named("a"));
  const b = first.put(namespaces, named("b"));
  const removed = first.remove(namespaces, b.object);
  first.close();
  const second = open();
  expect(second.version).toBe(removed.version);
  expect(second.put(namespaces, named("c")).version).toBeGreaterThan(removed.version);
  expect(second.list(namespaces, "").map((entry) => entry.name)).toEqual(["a", "c"]);
  second.close();
});

test("a follower sees each change with what was before", () => {
  const store = open();
  const seen: Change[] = [];
  const stop = store.follow(namespaces, (change) => seen.push(change));
  const added = store.put(namespaces, named("a"));
  store.put(namespaces, { ...named("a"), status: { phase: "Active" } });
  store.remove(namespaces, added.object);
  stop();
  store.put(namespaces, named("later"));
  expect(seen.map((change) => change.type)).toEqual(["ADDED", "MODIFIED", "DELETED"]);
  expect(seen[1]?.before?.version).toBe(added.version);
  store.close();
});

test("changes since a version are known until they are forgotten, at the latest by a restart", () => {
  const store = open();
  const a = store.put(namespaces, named("a"));
  store.put(namespaces, named("b"));
  expect(store.changesSince(namespaces, a.version)?.map((change) => change.entry.name)).toEqual(["b"]);
  store.forgetHistory();
  expect(store.changesSince(namespaces, a.version)).toBeUndefined();
  expect(store.remembers(store.version)).toBe(true);
  store.close();
  const again = open();
  expect(again.changesSince(namespaces, a.version)).toBeUndefined();
  again.close();
});
