import { ROUTES } from "../../worker/app.ts";
import { openApiDocument } from "../../worker/openapi/document.ts";

// Started by document.ts; checked with the Worker's types, since it imports the Worker.
console.log(JSON.stringify(openApiDocument(ROUTES)));
