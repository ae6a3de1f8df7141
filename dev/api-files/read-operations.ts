import { z } from "zod";
import { Schema } from "./type-text.ts";

const Parameter = z.object({
  name: z.string(),
  in: z.enum(["path", "query", "header"]),
  description: z.string().optional(),
  required: z.boolean().default(false),
  schema: Schema,
});
const Content = z.record(z.string(), z.object({ schema: Schema.optional(), example: z.unknown().optional() }));
const Operation = z.object({
  operationId: z.string(),
  tags: z.array(z.string()),
  summary: z.string(),
  description: z.string().optional(),
  parameters: z.array(Parameter).default([]),
  requestBody: z.object({ required: z.boolean().default(false), content: Content }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string(), content: Content.optional() })),
});
const Document = z.object({
  info: z.object({ title: z.string(), version: z.string(), description: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.object({ schemas: z.record(z.string(), Schema) }),
});

/** A parameter of the document: in the path, the query or a header. */
export type Parameter = z.output<typeof Parameter>;

/** What the document says of one path: each of its verbs, and whether it is the form with the id in the body or the query. */
export type ApiPath = { path: string; isByField: boolean; operations: { verb: string; operation: Operation }[] };
export type Operation = z.output<typeof Operation>;

/** The document as far as files are made of it. */
export type ApiDocument = {
  info: { title: string; version: string; description: string };
  paths: ApiPath[];
  schemas: Record<string, Schema>;
};

/** Checks a document; throws where it is none that files can be made of. */
export function parseDocument(document: unknown): ApiDocument {
  const { info, paths, components } = Document.parse(document);
  const apiPaths = Object.entries(paths).map(([path, verbs]) => ({
    path,
    isByField: /\/job_id(\/|$)/.test(path),
    operations: Object.entries(verbs).map(([verb, operation]) => ({ verb: verb.toUpperCase(), operation })),
  }));
  return { info, paths: apiPaths, schemas: components.schemas };
}

/** The schema of a JSON body, of a request or of an answer; undefined where there is none. */
export function jsonSchemaOf(
  holder: { content?: z.output<typeof Content> | undefined } | undefined,
): Schema | undefined {
  return holder?.content?.["application/json"]?.schema;
}
