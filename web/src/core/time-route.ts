/** Routes that show a range of time, whatever page they are of. No state. */
import type { Route } from './app-route.ts';

export type RangeRoute = Extract<Route, { readonly range: unknown }>;

export function hasRange(route: Route): route is RangeRoute {
  return 'range' in route;
}
