import { EventEmitter } from "node:events";
import type { KubeObject } from "./json.ts";
import type { Resource } from "./resources.ts";
import { parseStored, type Storage } from "./storage.ts";

/** An object as the store keeps it: never changed in place, its JSON made once and shared by every reader. */
export type Entry = { object: KubeObject; json: string; version: number; namespace: string; name: string };

/** One change of an object, for watches. `before` is undefined for a created object. */
export type Change = {
  type: "ADDED" | "MODIFIED" | "DELETED";
  resource: Resource;
  version: number;
  entry: Entry;
  before: Entry | undefined;
};

/** Changes remembered per resource for watches that come back; older ones answer 410, as a real server's watch cache does. */
const historyLength = 4_000;

type Shelf = { entries: Map<string, Entry>; history: Change[]; forgottenVersion: number };

/** All objects in memory, written through to disk, with the history that watches start from. */
export class Store {
  readonly #storage: Storage;
  readonly #shelves = new Map<string, Shelf>();
  readonly #changes = new EventEmitter();
  #version: number;

  constructor(storage: Storage, resources: Resource[]) {
    this.#storage = storage;
    this.#changes.setMaxListeners(0);
    const { rows, lastVersion } = storage.load();
    this.#version = Math.max(lastVersion, 1);
    // History is in memory only: a watch from before the restart must list anew.
    for (const resource of resources) {
      this.#shelves.set(resource.plural, { entries: new Map(), history: [], forgottenVersion: this.#version });
    }
    for (const row of rows) {
      const object = parseStored(row);
      const entry = toEntry(object, row.body, Number(object.metadata.resourceVersion));
      this.#shelves.get(row.key.slice(0, row.key.indexOf("/")))?.entries.set(keyOf(entry.namespace, entry.name), entry);
    }
  }

  /** The newest resourceVersion given out. */
  get version(): number {
    return this.#version;
  }

  /** Finds one object; namespace is empty for cluster-wide kinds. */
  get(resource: Resource, namespace: string, name: string): Entry | undefined {
    return this.#shelf(resource).entries.get(keyOf(namespace, name));
  }

  /** Every object of a kind, in one namespace or (empty) in all, sorted by namespace and name as etcd's keys are. */
  list(resource: Resource, namespace: string): Entry[] {
    const found: Entry[] = [];
    for (const entry of this.#shelf(resource).entries.values()) {
      if (namespace === "" || entry.namespace === namespace) found.push(entry);
    }
    return found.sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name));
  }

  /** Writes an object under a new resourceVersion and tells the watches. */
  put(resource: Resource, object: KubeObject): Entry {
    const version = this.#version + 1;
    const stored: KubeObject = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    const json = JSON.stringify(stored);
    const entry = toEntry(stored, json, version);
    const shelf = this.#shelf(resource);
    const key = keyOf(entry.namespace, entry.name);
    const before = shelf.entries.get(key);
    this.#storage.put(`${resource.plural}/${key}`, version, json);
    this.#version = version;
    shelf.entries.set(key, entry);
    this.#tell(shelf, { type: before === undefined ? "ADDED" : "MODIFIED", resource, version, entry, before });
    return entry;
  }

  /** Removes an object; the DELETED event carries its last state under a new resourceVersion. */
  remove(resource: Resource, last: KubeObject): Entry {
    const version = this.#version + 1;
    const object: KubeObject = { ...last, metadata: { ...last.metadata, resourceVersion: String(version) } };
    const entry = toEntry(object, JSON.stringify(object), version);
    const shelf = this.#shelf(resource);
    const key = keyOf(entry.namespace, entry.name);
    const before = shelf.entries.get(key);
    this.#storage.remove(`${resource.plural}/${key}`, version);
    this.#version = version;
    shelf.entries.delete(key);
    this.#tell(shelf, { type: "DELETED", resource, version, entry, before });
    return entry;
  }

  /** Changes after a version, oldest first; undefined where the history no longer reaches back that far (410). */
  changesSince(resource: Resource, version: number): Change[] | undefined {
    const shelf = this.#shelf(resource);
    if (version < shelf.forgottenVersion) return undefined;
    return shelf.history.filter((change) => change.version > version);
  }

  /** Says whether a version is recent enough that no resource has forgotten changes after it. */
  remembers(version: number): boolean {
    return [...this.#shelves.values()].every((shelf) => version >= shelf.forgottenVersion);
  }

  /** Calls back for every change of a kind from now on; the answer stops it. */
  follow(resource: Resource, onChange: (change: Change) => void): () => void {
    this.#changes.on(resource.plural, onChange);
    return () => this.#changes.off(resource.plural, onChange);
  }

  /** Forgets the history, so that every watch from an older version gets 410: fault injection. */
  forgetHistory(): void {
    for (const shelf of this.#shelves.values()) {
      shelf.history = [];
      shelf.forgottenVersion = this.#version;
    }
  }

  /** Closes the file; the store must not be used after it. */
  close(): void {
    this.#storage.close();
  }

  #shelf(resource: Resource): Shelf {
    const shelf = this.#shelves.get(resource.plural);
    if (shelf === undefined) throw new Error(`the store has no shelf for ${resource.plural}`);
    return shelf;
  }

  #tell(shelf: Shelf, change: Change): void {
    shelf.history.push(change);
    // Dropped in blocks: shifting one at a time would copy the list on every write.
    if (shelf.history.length >= historyLength * 2) {
      const dropped = shelf.history.splice(0, historyLength);
      shelf.forgottenVersion = dropped.at(-1)?.version ?? shelf.forgottenVersion;
    }
    this.#changes.emit(change.resource.plural, change);
  }
}

function toEntry(object: KubeObject, json: string, version: number): Entry {
  const namespace = object.metadata.namespace;
  return {
    object,
    json,
    version,
    namespace: typeof namespace === "string" ? namespace : "",
    name: String(object.metadata.name),
  };
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
