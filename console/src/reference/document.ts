/** What the page reads of an OpenAPI document, and how its schemas are said in a line. */

export interface Schema {
  $ref?: string;
  type?: string;
  anyOf?: Schema[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  properties?: Record<string, Schema>;
  required?: string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  description?: string;
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

export interface Content {
  description?: string;
  content?: Record<string, { schema?: Schema }>;
}

export interface Operation {
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: Content;
  responses?: Record<string, Content>;
}

export interface Described {
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

export interface Call {
  method: string;
  path: string;
  operation: Operation;
}

/** The calls by their first tag, in the document's order. */
export function byTag(described: Described): Map<string, Call[]> {
  const found = new Map<string, Call[]>();
  for (const [path, methods] of Object.entries(described.paths))
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] ?? "";
      found.set(tag, [...(found.get(tag) ?? []), { method: method.toUpperCase(), path, operation }]);
    }
  return found;
}

/** The name of the schema that it refers to. */
export function referred(schema: Schema): string | null {
  return schema.$ref?.replace("#/components/schemas/", "") ?? null;
}

/** A schema in a line: names of other schemas, and what is made of them. */
export function said(schema: Schema | undefined): string {
  if (schema === undefined) return "anything";
  if (schema.$ref !== undefined) return referred(schema) ?? "";
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(said).join(" | ");
  if (schema.type === "array") return `list of ${said(schema.items)}`;
  if (typeof schema.additionalProperties === "object") return `object of ${said(schema.additionalProperties)}`;
  return schema.type ?? "anything";
}
