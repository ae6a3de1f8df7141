import type { Resource } from "./resources.ts";
import type { Cause, Failure } from "./status.ts";

/** The resource's name as messages print it: `jobs.batch`, `pods`. */
function qualified(resource: Resource): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

function details(resource: Resource, name: string): { name: string; group?: string; kind: string } {
  return { name, ...(resource.group === "" ? {} : { group: resource.group }), kind: resource.plural };
}

/** 404: there is no object of that name. */
export function notFound(resource: Resource, name: string): Failure {
  const message = `${qualified(resource)} "${name}" not found`;
  return { code: 404, reason: "NotFound", message, details: details(resource, name) };
}

/** 404 for a path that this server does not serve. */
export function noSuchPath(): Failure {
  return { code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: {} };
}

/** 405: the path exists, the verb does not. */
export function methodNotAllowed(): Failure {
  return {
    code: 405,
    reason: "MethodNotAllowed",
    message: "the server does not allow this method on the requested resource",
  };
}

/** 409 of a create; an object that is on its way out is named as such, as the real server does. */
export function alreadyExists(resource: Resource, name: string, isBeingDeleted: boolean): Failure {
  const prefix = isBeingDeleted ? "object is being deleted: " : "";
  const message = `${prefix}${qualified(resource)} "${name}" already exists`;
  return { code: 409, reason: "AlreadyExists", message, details: details(resource, name) };
}

/** 409 of an update or delete whose precondition does not hold. */
export function conflict(resource: Resource, name: string, why: string): Failure {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`;
  return { code: 409, reason: "Conflict", message, details: details(resource, name) };
}

/** 422 with one cause per field. */
export function invalid(resource: Resource, name: string, causes: Cause[]): Failure {
  const group = resource.group === "" ? "" : `.${resource.group}`;
  const list = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const text = list.length === 1 ? list[0] : `[${list.join(", ")}]`;
  return {
    code: 422,
    reason: "Invalid",
    message: `${resource.kind}${group} "${name}" is invalid: ${text}`,
    details: { ...details(resource, name), kind: resource.kind, causes },
  };
}

/** 400: the request can't be understood. */
export function badRequest(message: string): Failure {
  return { code: 400, reason: "BadRequest", message };
}

/** 410: the resourceVersion or continue token is older than what the server remembers. */
export function expired(message: string): Failure {
  return { code: 410, reason: "Expired", message };
}
