/**
 * The OpenAPI 3.1 document, made from the same route list and shapes that the hub runs on.
 */
import type { Access, Route } from './http-router.ts';
import { describeShape, shapes } from './http-shapes.ts';

interface ObjectSchema {
  readonly properties?: Record<string, unknown>;
  readonly required?: readonly string[];
}

/** GET /api/v1/openapi.json, which describes itself as well. */
export function makeApiRoute(routes: readonly Route[], version: string): Route {
  const path = '/api/v1/openapi.json';
  const route: Route = {
    method: 'GET',
    path,
    access: 'public',
    summary: 'This document',
    handle: () => ({ status: 200, json }),
  };
  const json = describeApi([...routes, route], version);
  return route;
}

export function describeApi(routes: readonly Route[], version: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = describeRoute(route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Lapwing hub', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'lapwing_session' },
        token: { type: 'http', scheme: 'bearer' },
        deviceToken: { type: 'http', scheme: 'bearer', description: 'A device’s token, or an enrolment key' },
        share: { type: 'http', scheme: 'bearer', description: 'the secret of a share link; sees one board' },
      },
    },
  };
}

const waysIn: Record<Access, readonly object[]> = {
  public: [],
  person: [{ session: [] }],
  reader: [{ session: [] }, { token: [] }],
  scoped: [{ session: [] }, { token: [] }, { share: [] }],
  sender: [{ deviceToken: [] }],
};

function describeRoute(route: Route): unknown {
  const json = (schema: unknown) => ({ 'application/json': { schema } });
  const security = waysIn[route.access];
  const answer = describeAnswer(route);
  return {
    summary: route.summary,
    security,
    parameters: [...describePathParameters(route.path), ...describeQuery(route), ...describeHeaders(route)],
    ...describeBody(route),
    responses: {
      '2XX': { description: 'Done', ...answer },
      default: {
        description: 'Refused; the body says why and what to do',
        content: json(describeShape(shapes.error, 'output')),
      },
    },
  };
}

function describeBody({ body, consumes }: Route): object {
  if (consumes !== undefined) return { requestBody: { required: true, content: describeFiles(consumes) } };
  if (body === undefined) return {};
  return { requestBody: { required: true, content: { 'application/json': { schema: describeShape(body, 'input') } } } };
}

function describeAnswer({ answer, produces }: Route): object {
  if (produces === undefined && answer === undefined) return {};
  const files = produces === undefined ? {} : describeFiles(produces);
  const json = answer === undefined ? {} : { 'application/json': { schema: describeShape(answer, 'output') } };
  return { content: { ...json, ...files } };
}

function describeFiles(mediaTypes: readonly string[]): object {
  return Object.fromEntries(mediaTypes.map((type) => [type, { schema: { type: 'string', format: 'binary' } }]));
}

function describePathParameters(path: string): unknown[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function describeQuery(route: Route): unknown[] {
  if (route.query === undefined) return [];
  const { properties = {}, required = [] } = describeShape(route.query, 'input') as ObjectSchema;
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
}

function describeHeaders({ headers = {} }: Route): unknown[] {
  return Object.entries(headers).map(([name, description]) => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
  }));
}
