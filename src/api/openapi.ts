import { toJsonSchema } from "@valibot/to-json-schema";
import { ROUTES, type Route } from "./routes.ts";
import { ERROR_SCHEMA } from "./schema.ts";

type Document = Readonly<Record<string, unknown>>;

function content(schema: Route["result"], type = "application/json"): Document {
  const { $schema: _, ...plain } = toJsonSchema(schema, { target: "draft-2020-12" });
  return { [type]: { schema: plain } };
}

function operation({ summary, query, body, result, contentType }: Route): Document {
  const parameters = Object.entries(query).map(([name, description]) => ({
    name,
    in: "query",
    description,
    schema: { type: "string" },
  }));
  return {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === null ? {} : { requestBody: { required: true, content: content(body) } }),
    responses: {
      200: { description: "done", content: content(result, contentType) },
      default: { description: "why not", content: content(ERROR_SCHEMA) },
    },
  };
}

/** @see OpenAPI 3.1.0 */
export function openApiDocument(): Document {
  const paths: Record<string, Record<string, Document>> = {};
  for (const [key, route] of Object.entries(ROUTES)) {
    const [method = "", path = ""] = key.split(" ");
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(route) };
  }
  return { openapi: "3.1.0", info: { title: "holdfast control socket", version: "1" }, paths };
}
