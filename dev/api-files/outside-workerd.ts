import { registerHooks } from "node:module";

/** What the Worker's objects extend; outside workerd nobody makes one. */
const WORKERD_MODULE = "data:text/javascript,export class DurableObject {}";

// `node --import` of this file lets the Worker be imported outside workerd.
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "cloudflare:workers" ? { url: WORKERD_MODULE, shortCircuit: true } : next(specifier, context),
});
