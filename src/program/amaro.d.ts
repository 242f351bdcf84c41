/** The package has no types of its own. */
declare module "amaro" {
  export function transformSync(source: string, options: { mode: "strip-only" }): { code: string };
}
